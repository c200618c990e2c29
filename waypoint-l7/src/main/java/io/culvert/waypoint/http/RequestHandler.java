package io.culvert.waypoint.http;

/** Takes the requests of one client connection. */
@FunctionalInterface
public interface RequestHandler {
    /** A valid request; called on the exchange's loop. */
    void onRequest(ServerExchange exchange);

    /**
     * A request that a codec refused: it answers itself, this is only told for metrics and the log (flag DPE).
     *
     * @param protocol {@code HTTP/1.1} or {@code HTTP/2}
     * @param status that the client was sent; 0 when its stream or connection was reset
     * @param detail what was wrong with it
     */
    default void onRefused(String protocol, int status, String detail) {}
}

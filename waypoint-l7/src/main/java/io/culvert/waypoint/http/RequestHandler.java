package io.culvert.waypoint.http;

/** Takes the requests of one client connection. */
@FunctionalInterface
public interface RequestHandler {
    /** A valid request; called on the exchange's loop. */
    void onRequest(ServerExchange exchange);
}

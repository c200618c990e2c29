package io.culvert.core.route;

import java.util.List;
import java.util.Map;

/**
 * The routes of one port of a service. Immutable.
 *
 * @param http what requests of all clients go through; {@link HttpRoutes#NONE} when there are no HTTP routes: they pass
 * @param consumers by client namespace: routes that clients of that namespace use instead of {@code http}
 * @param tcp the first match takes the connection; empty: it passes
 * @param tls by server name, in order of precedence; empty: it passes
 */
public record PortRoutes(HttpRoutes http, Map<String, HttpRoutes> consumers, List<TcpRule> tcp, List<TlsRule> tls) {
    /** Nothing written: everything passes to the service itself. */
    public static final PortRoutes NONE = new PortRoutes(HttpRoutes.NONE, Map.of(), List.of(), List.of());

    public PortRoutes {
        consumers = Map.copyOf(consumers);
        tcp = List.copyOf(tcp);
        tls = List.copyOf(tls);
    }

    /** The HTTP routes that a client of {@code clientNamespace} uses. */
    public HttpRoutes http(String clientNamespace) {
        return consumers.getOrDefault(clientNamespace, http);
    }
}

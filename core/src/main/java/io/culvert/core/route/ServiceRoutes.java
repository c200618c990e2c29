package io.culvert.core.route;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was written for one service. Immutable.
 *
 * @param ports by service port; port 0 holds what was written for all ports that have no entry of their own
 * @param policies authorizations of requests, in no order (see {@link RequestPolicy})
 */
public record ServiceRoutes(String serviceKey, Map<Integer, PortRoutes> ports, List<RequestPolicy> policies) {
    public ServiceRoutes {
        ports = Map.copyOf(ports);
        policies = List.copyOf(policies);
    }

    /** The routes of a service port; null when nothing was written for it. */
    public @Nullable PortRoutes port(int servicePort) {
        PortRoutes own = ports.get(servicePort);
        return own != null ? own : ports.get(0);
    }
}

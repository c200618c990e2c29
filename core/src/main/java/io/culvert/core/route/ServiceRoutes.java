package io.culvert.core.route;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What was written for one service. Immutable. */
public final class ServiceRoutes {
    private final String serviceKey;
    private final Map<Integer, PortRoutes> ports;
    private final List<RequestPolicy> policies;
    private final Authorization authorization;

    /**
     * Compiles the policies.
     *
     * @param ports by service port; port 0 holds what was written for all ports that have no entry of their own
     * @param policies authorizations of requests, in no order (see {@link RequestPolicy})
     */
    public ServiceRoutes(String serviceKey, Map<Integer, PortRoutes> ports, List<RequestPolicy> policies) {
        this.serviceKey = serviceKey;
        this.ports = Map.copyOf(ports);
        this.policies = List.copyOf(policies);
        this.authorization = policies.isEmpty() ? Authorization.NONE : Authorization.of(this.policies);
    }

    /** {@code namespace/hostname}. */
    public String serviceKey() {
        return serviceKey;
    }

    /** By service port; see the constructor. */
    public Map<Integer, PortRoutes> ports() {
        return ports;
    }

    /** As they were written; who decides asks {@link #authorization}. */
    public List<RequestPolicy> policies() {
        return policies;
    }

    /** What the policies say about a request or a connection. */
    public Authorization authorization() {
        return authorization;
    }

    /** The routes of a service port; null when nothing was written for it. */
    public @Nullable PortRoutes port(int servicePort) {
        PortRoutes own = ports.get(servicePort);
        return own != null ? own : ports.get(0);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ServiceRoutes routes
                && serviceKey.equals(routes.serviceKey)
                && ports.equals(routes.ports)
                && policies.equals(routes.policies);
    }

    @Override
    public int hashCode() {
        return Objects.hash(serviceKey, ports, policies);
    }

    @Override
    public String toString() {
        return "ServiceRoutes[serviceKey=" + serviceKey + ", ports=" + ports + ", policies=" + policies + "]";
    }
}

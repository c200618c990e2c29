package io.culvert.ztunnel;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.SpiffeIdException;
import io.culvert.proto.workload.IPFamilies;
import io.culvert.proto.workload.LoadBalancing.Mode;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides the way of an outbound connection: a function of mesh state, source, original destination and the pods of this
 * node, but for the random draw among endpoints. The order is ztunnel's (l4-ztunnel row 32). Any thread.
 */
final class OutboundDecider {
    private static final Logger LOG = LoggerFactory.getLogger(OutboundDecider.class);

    private final ProxySettings settings;
    private final EndpointChooser chooser;
    private final LocalPods local;
    private final WaypointChoice waypoints;

    OutboundDecider(ProxySettings settings, EndpointChooser chooser, LocalPods local) {
        this.settings = settings;
        this.chooser = chooser;
        this.local = local;
        this.waypoints = new WaypointChoice(settings.network(), chooser);
    }

    /**
     * Decides.
     *
     * @param requested where the client connected to
     * @param tried uid of an endpoint that refused already, null for the first try
     */
    OutboundDecision decide(MeshState state, Workload source, InetSocketAddress requested, @Nullable String tried) {
        Ip ip = Ip.of(requested.getAddress());
        int port = requested.getPort();
        if (isProxyPort(port) && (ip.isLoopback() || source.addresses().contains(ip))) {
            return new OutboundDecision.Refused(
                    CloseReason.LOOP,
                    "connection to the proxy's own port " + port + " of the pod: connect to the app's port",
                    source,
                    null);
        }
        Service service = state.serviceAt(settings.network(), ip, source.namespace());
        if (service == null) {
            return toAddress(state, source, requested, ip, null, tried);
        }
        GatewayRef waypoint = waypoints.of(service);
        if (waypoint != null) {
            OutboundDecision decided = waypoints.decide(state, source, requested, waypoint, null, service, tried);
            if (decided != null) {
                return decided;
            }
        }
        if (service.loadBalancing().mode() == Mode.PASSTHROUGH) {
            return toAddress(state, source, requested, ip, service, tried);
        }
        return toService(state, source, requested, ip, service, tried);
    }

    static boolean isProxyPort(int port) {
        return port == MeshSockets.OUTBOUND_PORT
                || port == MeshSockets.INBOUND_PLAIN_PORT
                || port == MeshSockets.HBONE_PORT;
    }

    private OutboundDecision toService(
            MeshState state,
            Workload source,
            InetSocketAddress requested,
            Ip ip,
            Service service,
            @Nullable String tried) {
        int port = requested.getPort();
        Endpoint endpoint = chooser.choose(
                service.loadBalancing(),
                state.endpoints(service.key()),
                source,
                e -> !e.workload().uid().equals(tried)
                        && targetPort(service, e, port) > 0
                        && addressOf(e.workload(), ip, service.ipFamilies()) != null);
        if (endpoint == null) {
            return new OutboundDecision.Refused(
                    CloseReason.NO_HEALTHY_UPSTREAM,
                    "no healthy upstream: service " + service.hostname() + " has "
                            + (service.ports().contains(port)
                                    ? (tried == null ? "no ready endpoint" : "no other ready endpoint")
                                    : "no port " + port),
                    null,
                    service);
        }
        Workload destination = endpoint.workload();
        Ip address = addressOf(destination, ip, service.ipFamilies());
        InetSocketAddress target = address == null
                ? requested
                : new InetSocketAddress(address.toInetAddress(), targetPort(service, endpoint, port));
        return toWorkload(source, destination, target, service);
    }

    /** The endpoint's own map first, then the service's (l4-ztunnel row 21). */
    static int targetPort(Service service, Endpoint endpoint, int servicePort) {
        int own = endpoint.ports().target(servicePort);
        return own > 0 ? own : service.ports().target(servicePort);
    }

    /** An address of the service's family if it has one only, else of the family that was asked for, else any. */
    static @Nullable Ip addressOf(Workload workload, Ip requested, IPFamilies families) {
        boolean v4 = families == IPFamilies.IPV4_ONLY || (families != IPFamilies.IPV6_ONLY && requested.isIpv4());
        Ip other = null;
        for (Ip ip : workload.addresses()) {
            if (ip.equals(requested)) {
                return ip;
            }
        }
        for (Ip ip : workload.addresses()) {
            if (ip.isIpv4() == v4) {
                return ip;
            }
            other = other == null ? ip : other;
        }
        return other;
    }

    private OutboundDecision toAddress(
            MeshState state,
            Workload source,
            InetSocketAddress requested,
            Ip ip,
            @Nullable Service service,
            @Nullable String tried) {
        Workload destination = state.workloadAt(settings.network(), ip);
        if (destination == null) {
            if (settings.egress() == ProxySettings.Egress.REFUSE && service == null) {
                return new OutboundDecision.Refused(
                        CloseReason.EGRESS_DENIED,
                        requested + " is not in the mesh, and this agent refuses egress: add a Service for it",
                        null,
                        null);
            }
            return new OutboundDecision.Plain(requested, null, service);
        }
        GatewayRef waypoint = service == null ? destination.waypoint() : null;
        if (waypoint != null) {
            OutboundDecision decided = waypoints.decide(state, source, requested, waypoint, destination, null, tried);
            if (decided != null) {
                return decided;
            }
        }
        return toWorkload(source, destination, requested, service);
    }

    private OutboundDecision toWorkload(
            Workload source, Workload destination, InetSocketAddress target, @Nullable Service service) {
        if (!destination.network().equals(settings.network())) {
            return new OutboundDecision.Refused(
                    CloseReason.UNSUPPORTED,
                    destination.uid() + " is on network \"" + destination.network()
                            + "\", and gateways between networks are not supported yet",
                    destination,
                    service);
        }
        if (!destination.hbone()) {
            return new OutboundDecision.Plain(target, destination, service);
        }
        if (isProxyPort(target.getPort())) {
            return new OutboundDecision.Refused(
                    CloseReason.LOOP,
                    "port " + target.getPort() + " of " + destination.uid() + " is the proxy's own",
                    destination,
                    service);
        }
        if (sameNode(source, destination)) {
            return new OutboundDecision.SameNode(destination, target, service);
        }
        InetSocketAddress hbone = new InetSocketAddress(target.getAddress(), MeshSockets.HBONE_PORT);
        return new OutboundDecision.Tunnel(destination, target, hbone, expected(destination, service), service);
    }

    /** Only where everything is known that makes the short cut as good as the tunnel. */
    private boolean sameNode(Workload source, Workload destination) {
        return !settings.forceTunnel()
                && destination.node().equals(settings.node())
                && noNetworkPolicy(source.pod())
                && noNetworkPolicy(destination.pod())
                && local.isServedHere(destination)
                && local.hasCredentials(source)
                && local.hasCredentials(destination);
    }

    private static boolean noNetworkPolicy(@Nullable PodInfo pod) {
        return pod != null && !pod.networkPolicy();
    }

    /** The identity of the workload itself, and those that its service names beside. */
    static Set<SpiffeId> expected(Workload destination, @Nullable Service service) {
        if (service == null || service.subjectAltNames().isEmpty()) {
            return Set.of(destination.identity());
        }
        Set<SpiffeId> all = new LinkedHashSet<>();
        all.add(destination.identity());
        for (String name : service.subjectAltNames()) {
            try {
                all.add(SpiffeId.parse(name));
            } catch (SpiffeIdException e) {
                // A name that is no SPIFFE ID can never be proved: the others still count.
                LOG.debug("service {} names {}: {}", service.key(), name, e.getMessage());
            }
        }
        return all;
    }
}

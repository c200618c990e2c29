package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.Header;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.linux.MeshSockets;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.Labels;
import io.culvert.core.relay.TunnelHeaders;
import io.culvert.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What this waypoint's own connections to endpoints look like: where they go, as whom, and what their CONNECT says. Any
 * thread.
 */
final class Outgoing {
    /** Tells other waypoints and gateways that the routes of the service have been applied (Istio's name for it). */
    static final String SOURCE_HEADER = "x-istio-source";

    private static final Header SOURCE = new Header(SOURCE_HEADER, "waypoint");

    private final SpiffeId identity;
    private final InetAddress anyAddress = InetAddress.getLoopbackAddress();
    private final Supplier<MeshState> state;
    private final Supplier<@Nullable Workload> self;
    private final Labels labels;

    Outgoing(SpiffeId identity, Supplier<MeshState> state, Supplier<@Nullable Workload> self, Labels labels) {
        this.identity = identity;
        this.state = state;
        this.self = self;
        this.labels = labels;
    }

    /** Where the app is, null when the workload has no address or no such port. */
    @Nullable
    InetSocketAddress target(Endpoint endpoint, int servicePort) {
        Ip ip = address(endpoint.workload());
        int port = targetPort(endpoint, servicePort);
        return ip == null || port == 0 ? null : new InetSocketAddress(ip.toInetAddress(), port);
    }

    private static @Nullable Ip address(Workload workload) {
        Ip first = null;
        for (Ip ip : workload.addresses()) {
            if (ip.isIpv4()) {
                return ip;
            }
            first = first == null ? ip : first;
        }
        return first;
    }

    /** The endpoint's own map first, then the service's (l4-ztunnel row 21). */
    private int targetPort(Endpoint endpoint, int servicePort) {
        int own = endpoint.ports().target(servicePort);
        if (own > 0) {
            return own;
        }
        for (Map.Entry<String, PortMap> entry : endpoint.workload().services().entrySet()) {
            Service service =
                    entry.getValue().equals(endpoint.ports()) ? state.get().service(entry.getKey()) : null;
            int common = service == null ? 0 : service.ports().target(servicePort);
            if (common > 0) {
                return common;
            }
        }
        return 0;
    }

    /** The tunnel to the workload that has {@code target}: only that very identity may answer. */
    PoolKey key(Workload workload, InetSocketAddress target) {
        return new PoolKey(
                identity,
                Set.of(workload.identity()),
                new InetSocketAddress(target.getAddress(), MeshSockets.HBONE_PORT),
                anyAddress);
    }

    /** @param client whose bytes the stream carries; null for one that requests of several clients share */
    List<Header> headers(@Nullable InetSocketAddress client, @Nullable String host) {
        List<Header> headers = new ArrayList<>(4);
        Workload own = self.get();
        if (own != null) {
            headers.add(labels.baggage(own));
        }
        if (client != null) {
            headers.add(TunnelHeaders.forwarded(client, host));
        }
        headers.add(TunnelHeaders.traceparent());
        headers.add(SOURCE);
        return headers;
    }
}

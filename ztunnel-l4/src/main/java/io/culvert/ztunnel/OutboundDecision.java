package io.culvert.ztunnel;

import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The way of one outbound connection: decided once, then executed. Immutable. */
public sealed interface OutboundDecision {
    /** The service that the client addressed, null when it addressed a pod or something unknown. */
    @Nullable
    Service service();

    /** The workload at the other end, null when the mesh knows none. */
    @Nullable
    Workload destination();

    /**
     * To a pod of this node without a tunnel.
     *
     * @param target address and port of the app
     */
    record SameNode(
            Workload destination,
            InetSocketAddress target,
            @Nullable Service service) implements OutboundDecision {}

    /** Through a tunnel: which one, and what its CONNECT asks for. */
    sealed interface Tunnelled extends OutboundDecision {
        /** The CONNECT's authority. */
        InetSocketAddress target();

        /** Where the tunnel connects to. */
        InetSocketAddress hbone();

        /** Identities that the peer may prove. */
        Set<SpiffeId> expected();
    }

    /**
     * HBONE to the destination's node.
     *
     * @param target address and port of the app: the CONNECT's authority
     * @param hbone where the tunnel connects to
     * @param expected identities that the peer may prove
     */
    record Tunnel(
            Workload destination,
            InetSocketAddress target,
            InetSocketAddress hbone,
            Set<SpiffeId> expected,
            @Nullable Service service)
            implements Tunnelled {}

    /**
     * HBONE to a waypoint.
     *
     * @param waypoint as the service or workload names it
     * @param destination the waypoint's own workload, the one of its endpoints that was chosen
     * @param target what the client addressed
     * @param expected that workload's identity
     */
    record Waypoint(
            GatewayRef waypoint,
            Workload destination,
            InetSocketAddress target,
            InetSocketAddress hbone,
            Set<SpiffeId> expected,
            @Nullable Service service)
            implements Tunnelled {}

    /**
     * A plain connection from the pod's namespace.
     *
     * @param target where it goes
     */
    record Plain(
            InetSocketAddress target,
            @Nullable Workload destination,
            @Nullable Service service) implements OutboundDecision {}

    /**
     * No way.
     *
     * @param detail names the destination and the remedy
     */
    record Refused(
            CloseReason reason,
            String detail,
            @Nullable Workload destination,
            @Nullable Service service) implements OutboundDecision {}
}

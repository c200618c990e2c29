package io.culvert.ztunnel;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.proto.workload.IPFamilies;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Finds the pod of a waypoint that a connection goes through. One that is not ready refuses the connection, unless the
 * service says that it may be gone round: what a waypoint enforces must not depend on whether it runs. Any thread.
 */
final class WaypointChoice {
    private final String network;
    private final EndpointChooser chooser;

    WaypointChoice(String network, EndpointChooser chooser) {
        this.network = network;
        this.chooser = chooser;
    }

    /** The waypoint of a service, of several one by their weights; null when it has none. */
    @Nullable
    GatewayRef of(Service service) {
        List<Service.WeightedWaypoint> weighted = service.weightedWaypoints();
        if (weighted.isEmpty()) {
            return service.waypoint();
        }
        int sum = 0;
        for (Service.WeightedWaypoint one : weighted) {
            sum += one.weight();
        }
        int at = sum > 0 ? ThreadLocalRandom.current().nextInt(sum) : 0;
        for (Service.WeightedWaypoint one : weighted) {
            at -= one.weight();
            if (at < 0) {
                return one.waypoint();
            }
        }
        return weighted.getFirst().waypoint();
    }

    /**
     * The way through {@code waypoint}; null for a connection that goes as if there were none: the waypoint's own, or one
     * that may go round a waypoint that is not ready.
     *
     * @param addressed the pod whose waypoint it is, null when it is the service's
     */
    @Nullable
    OutboundDecision decide(
            MeshState state,
            Workload source,
            InetSocketAddress requested,
            GatewayRef waypoint,
            @Nullable Workload addressed,
            @Nullable Service service,
            @Nullable String tried) {
        Service own = serviceOf(state, waypoint, source);
        Workload chosen = own == null ? atAddress(state, waypoint) : endpoint(state, own, source, requested, tried);
        if (chosen == null) {
            return service != null && service.waypointBypass()
                    ? null
                    : notReady(waypoint, own, addressed, service, tried != null);
        }
        Ip ip = chosen.uid().equals(source.uid())
                ? null
                : OutboundDecider.addressOf(chosen, Ip.of(requested.getAddress()), IPFamilies.AUTOMATIC);
        if (ip == null) {
            return null;
        }
        int target = own == null ? 0 : own.ports().target(waypoint.hbonePort());
        return new OutboundDecision.Waypoint(
                waypoint,
                chosen,
                requested,
                new InetSocketAddress(ip.toInetAddress(), target > 0 ? target : waypoint.hbonePort()),
                OutboundDecider.expected(chosen, own),
                service);
    }

    private @Nullable Service serviceOf(MeshState state, GatewayRef waypoint, Workload source) {
        return switch (waypoint) {
            case GatewayRef.ByHostname(String namespace, String hostname, int _) ->
                state.service(namespace + "/" + hostname);
            case GatewayRef.ByAddress(String net, Ip address, int _) ->
                state.serviceAt(net, address, source.namespace());
        };
    }

    private static @Nullable Workload atAddress(MeshState state, GatewayRef waypoint) {
        return waypoint instanceof GatewayRef.ByAddress(String net, Ip address, int _)
                ? ready(state.workloadAt(net, address))
                : null;
    }

    private static @Nullable Workload ready(@Nullable Workload workload) {
        return workload != null && workload.healthy() ? workload : null;
    }

    private @Nullable Workload endpoint(
            MeshState state, Service own, Workload source, InetSocketAddress requested, @Nullable String tried) {
        Endpoint endpoint = chooser.choose(
                own.loadBalancing(),
                state.endpoints(own.key()),
                source,
                e -> !e.workload().uid().equals(tried)
                        && e.workload().network().equals(network)
                        && OutboundDecider.addressOf(e.workload(), Ip.of(requested.getAddress()), IPFamilies.AUTOMATIC)
                                != null);
        return endpoint == null ? null : endpoint.workload();
    }

    private static OutboundDecision notReady(
            GatewayRef waypoint,
            @Nullable Service own,
            @Nullable Workload addressed,
            @Nullable Service service,
            boolean again) {
        String of = service != null
                ? "service " + service.hostname()
                : addressed != null ? "pod " + addressed.uid() : "the destination";
        String problem = own == null ? "is not known" : again ? "has no other ready pod" : "has no ready pod";
        return new OutboundDecision.Refused(
                CloseReason.NO_HEALTHY_UPSTREAM,
                "waypoint " + name(waypoint) + " of " + of + " " + problem
                        + ": look at its Gateway; the label culvert.io/waypoint-failure: bypass on a service lets clients go"
                        + " round it",
                null,
                service);
    }

    private static String name(GatewayRef waypoint) {
        return switch (waypoint) {
            case GatewayRef.ByHostname(String namespace, String hostname, int _) -> namespace + "/" + hostname;
            case GatewayRef.ByAddress(String _, Ip address, int _) -> address.toString();
        };
    }
}

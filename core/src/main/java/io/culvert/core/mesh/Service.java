package io.culvert.core.mesh;

import io.culvert.proto.workload.IPFamilies;
import io.culvert.proto.workload.Service.Visibility;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A service. Immutable.
 *
 * @param key {@code namespace/hostname}, the resource name
 * @param subjectAltNames identities that its endpoints may have beside their own, as SPIFFE URIs
 * @param canonical preferred among services of one address or host name when the client's namespace has none
 * @param weightedWaypoints empty when there is at most one waypoint
 * @param waypointBypass whether clients may go round a waypoint that is not ready; otherwise they are refused
 */
public record Service(
        String key,
        String name,
        String namespace,
        String hostname,
        List<Vip> vips,
        PortMap ports,
        List<String> subjectAltNames,
        @Nullable GatewayRef waypoint,
        List<WeightedWaypoint> weightedWaypoints,
        boolean ingressUseWaypoint,
        LoadBalancing loadBalancing,
        IPFamilies ipFamilies,
        boolean canonical,
        Visibility visibility,
        boolean waypointBypass) {
    public Service {
        vips = List.copyOf(vips);
        subjectAltNames = List.copyOf(subjectAltNames);
        weightedWaypoints = List.copyOf(weightedWaypoints);
    }

    /** As the workload API has it: its waypoint must not be gone round. */
    public Service(
            String key,
            String name,
            String namespace,
            String hostname,
            List<Vip> vips,
            PortMap ports,
            List<String> subjectAltNames,
            @Nullable GatewayRef waypoint,
            List<WeightedWaypoint> weightedWaypoints,
            boolean ingressUseWaypoint,
            LoadBalancing loadBalancing,
            IPFamilies ipFamilies,
            boolean canonical,
            Visibility visibility) {
        this(
                key,
                name,
                namespace,
                hostname,
                vips,
                ports,
                subjectAltNames,
                waypoint,
                weightedWaypoints,
                ingressUseWaypoint,
                loadBalancing,
                ipFamilies,
                canonical,
                visibility,
                false);
    }

    /** A service with the API's defaults. */
    public static Service of(String namespace, String hostname, List<Vip> vips, PortMap ports) {
        int dot = hostname.indexOf('.');
        return new Service(
                namespace + "/" + hostname,
                dot < 0 ? hostname : hostname.substring(0, dot),
                namespace,
                hostname,
                vips,
                ports,
                List.of(),
                null,
                List.of(),
                false,
                LoadBalancing.DEFAULT,
                IPFamilies.AUTOMATIC,
                false,
                Visibility.PUBLIC);
    }

    /** The same behind a waypoint. */
    public Service withWaypoint(GatewayRef gateway, boolean bypass) {
        return new Service(
                key,
                name,
                namespace,
                hostname,
                vips,
                ports,
                subjectAltNames,
                gateway,
                List.of(),
                ingressUseWaypoint,
                loadBalancing,
                ipFamilies,
                canonical,
                visibility,
                bypass);
    }

    /** Whether clients of {@code clientNamespace} may use it. */
    public boolean visibleTo(String clientNamespace) {
        return visibility != Visibility.NAMESPACE || namespace.equals(clientNamespace);
    }

    /** A waypoint and its share of connections. */
    public record WeightedWaypoint(GatewayRef waypoint, int weight) {}
}

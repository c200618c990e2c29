package io.culvert.core.route;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that waypoints execute at one moment. Immutable: a request keeps the table that it began with.
 *
 * @param services by service key ({@code namespace/hostname}); a service without an entry has no routes and no policies.
 *     By {@link #waypointKey}: the policies of requests to workloads of a waypoint, which have no routes
 * @param clusters by {@link Cluster#key()}: where requests go
 * @param labels the labels of workloads by uid, of those that some subset may select
 */
public record RouteTable(
        Map<String, ServiceRoutes> services, Map<String, Cluster> clusters, Map<String, Map<String, String>> labels) {
    /** Nothing known yet: every request passes with the defaults of its service. */
    public static final RouteTable EMPTY = new RouteTable(Map.of(), Map.of(), Map.of());

    /** What a waypoint does with requests that were sent to workloads of its own, and not to a service, has this key. */
    public static String waypointKey(String namespace, String name) {
        return "waypoint:" + namespace + "/" + name;
    }

    /** The routes of a service; null when nothing was written for it. */
    public @Nullable ServiceRoutes service(String serviceKey) {
        return services.get(serviceKey);
    }
}

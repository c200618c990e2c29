package io.culvert.config;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What everything compiled to. What compiles to what it was before stays the same object, so that who indexes it need
 * not do it again. Owned by: the compiler's thread.
 */
final class RouteOutputs {
    private final Map<String, ServiceRoutes> services = new HashMap<>();
    private final Map<String, Cluster> clusters = new HashMap<>();
    private final Map<ResourceKey, Map<String, Cluster>> byService = new HashMap<>();
    private boolean servicesChanged;
    private boolean clustersChanged;
    private RouteTable table = RouteTable.EMPTY;

    /** Replaces the routes of a service; null when there are none. */
    void routes(String serviceKey, @Nullable ServiceRoutes routes) {
        ServiceRoutes before = services.get(serviceKey);
        if (routes == null) {
            servicesChanged |= services.remove(serviceKey) != null;
        } else if (!routes.equals(before)) {
            services.put(serviceKey, routes);
            servicesChanged = true;
        }
    }

    /** Replaces the clusters of a service. */
    void clusters(ResourceKey service, Map<String, Cluster> compiled) {
        Map<String, Cluster> before = byService.getOrDefault(service, Map.of());
        Map<String, Cluster> now = new HashMap<>();
        compiled.forEach((key, cluster) -> {
            Cluster old = before.get(key);
            if (cluster.equals(old)) {
                now.put(key, old);
            } else {
                now.put(key, cluster);
                clusters.put(key, cluster);
                clustersChanged = true;
            }
        });
        for (String key : before.keySet()) {
            if (!now.containsKey(key)) {
                clusters.remove(key);
                clustersChanged = true;
            }
        }
        if (now.isEmpty()) {
            byService.remove(service);
        } else {
            byService.put(service, now);
        }
    }

    /** The table of now; the same one while nothing changed. */
    RouteTable table(PodLabels labels) {
        boolean labelsChanged = labels.refresh();
        if (servicesChanged || clustersChanged || labelsChanged) {
            table = new RouteTable(
                    servicesChanged ? copy(services) : table.services(),
                    clustersChanged ? copy(clusters) : table.clusters(),
                    labels.current());
            servicesChanged = false;
            clustersChanged = false;
        }
        return table;
    }

    private static <V> Map<String, V> copy(Map<String, V> map) {
        return Collections.unmodifiableMap(new HashMap<>(map));
    }
}

package io.culvert.config;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.LoadBalancer;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The labels of pods that subsets may select: those of namespaces in which a service needs them. Owned by: the
 * compiler's thread.
 */
final class PodLabels {
    private final CompilerSettings settings;
    private final Map<String, Map<String, Map<String, String>>> byNamespace = new HashMap<>();
    private final MultiMap<String, ResourceKey> wanting = new MultiMap<>();
    private final Set<String> wanted = new HashSet<>();
    private Map<String, Map<String, String>> current = Map.of();
    private boolean stale;

    PodLabels(CompilerSettings settings) {
        this.settings = settings;
    }

    /** Whether a cluster looks at labels of its endpoints. */
    static boolean needs(Cluster cluster) {
        LoadBalancer.LocalityPolicy locality = cluster.policy().loadBalancer().locality();
        return !cluster.labels().isEmpty()
                || (locality != null && !locality.failoverPriority().isEmpty());
    }

    /** Takes a changed pod. */
    void change(@Nullable PodResource before, @Nullable PodResource after) {
        if (before != null) {
            String namespace = before.meta().namespace();
            Map<String, Map<String, String>> pods = byNamespace.get(namespace);
            if (pods != null) {
                pods.remove(PodCompiler.uid(settings, before.key()));
                if (pods.isEmpty()) {
                    byNamespace.remove(namespace);
                }
            }
        }
        if (after != null) {
            byNamespace
                    .computeIfAbsent(after.meta().namespace(), _ -> new HashMap<>())
                    .put(PodCompiler.uid(settings, after.key()), after.meta().labels());
        }
        boolean same = before != null
                && after != null
                && before.meta().labels().equals(after.meta().labels());
        PodResource one = after != null ? after : before;
        stale |= !same && one != null && wanted.contains(one.meta().namespace());
    }

    /** A service needs the labels of its namespace, or no longer does. */
    void wanted(ResourceKey service, boolean is) {
        String namespace = service.namespace();
        if (is) {
            wanting.add(namespace, service);
            stale |= wanted.add(namespace);
        } else {
            wanting.remove(namespace, service);
            stale |= wanting.get(namespace).isEmpty() && wanted.remove(namespace);
        }
    }

    /**
     * Brings {@link #current} up to date.
     *
     * @return whether it is another map now
     */
    boolean refresh() {
        if (!stale) {
            return false;
        }
        Map<String, Map<String, String>> all = new HashMap<>();
        wanted.forEach(namespace -> all.putAll(byNamespace.getOrDefault(namespace, Map.of())));
        current = Collections.unmodifiableMap(all);
        stale = false;
        return true;
    }

    /** By workload uid. */
    Map<String, Map<String, String>> current() {
        return current;
    }
}

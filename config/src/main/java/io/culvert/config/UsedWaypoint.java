package io.culvert.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which waypoint a service chose by label, its namespace's choice being the default. Stateless; any thread. */
final class UsedWaypoint {
    private static final String LABEL = "use-waypoint";
    private static final String NONE = "none";

    private UsedWaypoint() {}

    /** The Gateway; null when there is none. It need not exist. */
    static @Nullable ResourceKey of(ServiceResource service, Scope scope) {
        String namespace = service.meta().namespace();
        Map<String, String> own = service.meta().labels();
        String name = label(own, LABEL, scope);
        Map<String, String> labels = own;
        if (name == null && scope.get(new ResourceKey(Kind.NAMESPACE, "", namespace)) instanceof Resource resource) {
            labels = resource.meta().labels();
            name = label(labels, LABEL, scope);
        }
        if (name == null || name.isEmpty() || name.equals(NONE)) {
            return null;
        }
        String in = label(labels, LABEL + "-namespace", scope);
        return new ResourceKey(Kind.GATEWAY, in == null || in.isEmpty() ? namespace : in, name);
    }

    private static @Nullable String label(Map<String, String> labels, String name, Scope scope) {
        for (String prefix : scope.settings().istioLabels() ? List.of("culvert.io/", "istio.io/") : List.of("culvert.io/")) {
            String value = labels.get(prefix + name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    /** Namespace of the proxy that carries the service's requests; the service's own when it has chosen none. */
    static String namespace(ServiceResource service, Scope scope) {
        ResourceKey gateway = of(service, scope);
        return gateway == null ? service.meta().namespace() : gateway.namespace();
    }
}

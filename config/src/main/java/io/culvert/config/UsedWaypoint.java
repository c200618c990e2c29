package io.culvert.config;

import org.jspecify.annotations.Nullable;

/** Which waypoint carries the requests of a service, seen by a compilation. Stateless; any thread. */
final class UsedWaypoint {
    private UsedWaypoint() {}

    /** The Gateway that the service or its namespace chose; null for none, or one for pods only. It need not exist. */
    static @Nullable ResourceKey of(ServiceResource service, Scope scope) {
        ResourceKey namespace =
                new ResourceKey(Kind.NAMESPACE, "", service.meta().namespace());
        WaypointBinding binding = WaypointBinding.ofService(
                service.meta(),
                scope.get(namespace) instanceof NamespaceResource resource ? resource : null,
                scope.settings().istioLabels());
        if (binding == null) {
            return null;
        }
        boolean elsewhere = scope.get(binding.key()) instanceof GatewayResource gateway
                && gateway.isWaypoint(scope.settings())
                && !gateway.carriesServices();
        return elsewhere ? null : binding.key();
    }

    /** Namespace of the proxy that carries the service's requests; the service's own when it has chosen none. */
    static String namespace(ServiceResource service, Scope scope) {
        ResourceKey gateway = of(service, scope);
        return gateway == null ? service.meta().namespace() : gateway.namespace();
    }

    /** Says so when there is nobody to execute what a resource says of a service. */
    static void require(ServiceResource service, Meta meta, String path, Scope scope) {
        if (of(service, scope) == null) {
            scope.report(meta.diagnostic(
                    Severity.WARNING,
                    path,
                    service.key() + " has no waypoint, so nobody executes this: label the service or its namespace "
                            + WaypointBinding.LABEL));
        }
    }
}

package io.culvert.config;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Services whose waypoint is not there, or is not for them: their clients are refused. Owned by: one analysis. */
final class WaypointChecks {
    private final CompilerSettings settings;
    private final Mesh mesh;
    private final Map<ResourceKey, Resource> resources;
    private final List<Diagnostic> found;

    WaypointChecks(CompilerSettings settings, Mesh mesh, Map<ResourceKey, Resource> resources, List<Diagnostic> found) {
        this.settings = settings;
        this.mesh = mesh;
        this.resources = resources;
        this.found = found;
    }

    void run() {
        for (ServiceResource service : mesh.services().all()) {
            NamespaceResource namespace = mesh.namespaces().get(service.meta().namespace());
            WaypointBinding own = WaypointBinding.ofService(service.meta(), null, settings.istioLabels());
            WaypointBinding binding = WaypointBinding.ofService(service.meta(), namespace, settings.istioLabels());
            String fault = binding == null || service.externalName() ? null : fault(binding, service, namespace);
            if (fault != null) {
                // Said once where a whole namespace chose.
                Meta chooser = own == null && namespace != null ? namespace.meta() : service.meta();
                found.add(
                        chooser.diagnostic(Severity.WARNING, "metadata.labels[" + WaypointBinding.LABEL + "]", fault));
            }
        }
    }

    private @Nullable String fault(
            WaypointBinding binding, ServiceResource service, @Nullable NamespaceResource namespace) {
        ResourceKey key = new ResourceKey(Kind.GATEWAY, binding.namespace(), binding.name());
        if (!(resources.get(key) instanceof GatewayResource gateway)) {
            return "there is no " + key + ": connections are refused until there is one" + nearest(key);
        }
        if (!gateway.isWaypoint(settings)) {
            return key + " is of class " + gateway.className()
                    + " and no waypoint: connections are refused; name one of" + " class " + GatewayResource.CLASS;
        }
        String from = service.meta().namespace();
        return gateway.admits(
                        from, namespace == null ? Map.of() : namespace.meta().labels())
                ? null
                : key + " does not admit services of namespace " + from
                        + ": change allowedRoutes.namespaces of its listener, or choose another";
    }

    private String nearest(ResourceKey key) {
        TreeSet<String> names = new TreeSet<>();
        for (Resource resource : resources.values()) {
            if (resource instanceof GatewayResource gateway
                    && gateway.isWaypoint(settings)
                    && gateway.meta().namespace().equals(key.namespace())) {
                names.add(gateway.meta().name());
            }
        }
        return Suggestion.of(key.name(), names);
    }
}

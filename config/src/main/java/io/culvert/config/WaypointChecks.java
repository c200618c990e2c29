package io.culvert.config;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Services and pods whose waypoint is not there, or is not for them. Owned by: one analysis. */
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
            String fault = binding == null || service.externalName() ? null : fault(binding, service.meta(), namespace);
            GatewayResource gateway = own == null ? null : gateway(own);
            if (fault == null && own != null && gateway != null && !gateway.carriesServices()) {
                fault = own.key() + " is not for services: connections go round it; give it the label "
                        + GatewayReader.WAYPOINT_FOR + ": all, or remove this one";
            }
            if (fault != null) {
                // Said once where a whole namespace chose.
                report(own == null && namespace != null ? namespace.meta() : service.meta(), fault);
            }
        }
        for (PodResource pod : mesh.pods().all()) {
            WaypointBinding own = WaypointBinding.ofPod(pod.meta(), null, settings.istioLabels());
            if (own != null) {
                pod(pod, own);
            }
        }
    }

    private void report(Meta chooser, String fault) {
        found.add(chooser.diagnostic(Severity.WARNING, "metadata.labels[" + WaypointBinding.LABEL + "]", fault));
    }

    private void pod(PodResource pod, WaypointBinding own) {
        GatewayResource gateway = gateway(own);
        String fault = fault(own, pod.meta(), mesh.namespaces().get(pod.meta().namespace()));
        if (fault == null && gateway != null && !gateway.carriesWorkloads()) {
            fault = own.key() + " is not for pods: connections to the pod's address go round it; give it the label "
                    + GatewayReader.WAYPOINT_FOR + ": all, or label the service";
        } else if (fault == null && !pod.ownsAddresses()) {
            fault = "the pod has its node's address: connections to it go round the waypoint";
        }
        if (fault != null) {
            report(pod.meta(), fault);
        }
    }

    private @Nullable GatewayResource gateway(WaypointBinding binding) {
        return resources.get(binding.key()) instanceof GatewayResource gateway && gateway.isWaypoint(settings)
                ? gateway
                : null;
    }

    private @Nullable String fault(WaypointBinding binding, Meta chooser, @Nullable NamespaceResource namespace) {
        ResourceKey key = binding.key();
        if (!(resources.get(key) instanceof GatewayResource gateway)) {
            return "there is no " + key + ": connections are refused until there is one" + nearest(key);
        }
        if (!gateway.isWaypoint(settings)) {
            return key + " is of class " + gateway.className()
                    + " and no waypoint: connections are refused; name one of" + " class " + GatewayResource.CLASS;
        }
        String from = chooser.namespace();
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

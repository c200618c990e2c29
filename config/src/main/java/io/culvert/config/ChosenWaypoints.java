package io.culvert.config;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which waypoint services and pods have: what they or their namespaces chose by label, if that Gateway is for such
 * traffic. One that is not there counts as chosen for services, and for pods that say so themselves: what nobody can find
 * refuses traffic. Owned by: the compiler's thread.
 */
final class ChosenWaypoints {
    private final CompilerSettings settings;
    private final Mesh mesh;

    ChosenWaypoints(CompilerSettings settings, Mesh mesh) {
        this.settings = settings;
        this.mesh = mesh;
    }

    /** The waypoint of a service; null for none. */
    @Nullable
    WaypointBinding ofService(Meta service) {
        WaypointBinding binding = chosenBy(service);
        return binding != null && carriesServices(mesh.gateways().get(binding.key())) ? binding : null;
    }

    private @Nullable WaypointBinding chosenBy(Meta service) {
        return WaypointBinding.ofService(service, mesh.namespaces().get(service.namespace()), settings.istioLabels());
    }

    /** The waypoint of what is sent to a pod's own address; null for none. A node's address is not a pod's own. */
    @Nullable
    WaypointBinding of(PodResource pod) {
        if (!pod.ownsAddresses()) {
            return null;
        }
        boolean own = WaypointBinding.chooses(pod.meta(), settings.istioLabels());
        WaypointBinding binding = WaypointBinding.ofPod(
                pod.meta(), mesh.namespaces().get(pod.meta().namespace()), settings.istioLabels());
        if (binding == null) {
            return null;
        }
        GatewayResource gateway = mesh.gateways().get(binding.key());
        return gateway == null ? (own ? binding : null) : gateway.carriesWorkloads() ? binding : null;
    }

    private static boolean carriesServices(@Nullable GatewayResource gateway) {
        return gateway == null || gateway.carriesServices();
    }

    /** Takes a changed Gateway into the mesh and marks who chose it, if it makes a difference to them. */
    void change(ResourceKey key, @Nullable GatewayResource before, @Nullable GatewayResource after, Dirty dirty) {
        GatewayResource old = before != null && before.isWaypoint(settings) ? before : null;
        GatewayResource now = after != null && after.isWaypoint(settings) ? after : null;
        if (now == null) {
            mesh.gateways().remove(key);
        } else {
            mesh.gateways().put(key, now);
        }
        if (carriesServices(old) != carriesServices(now)) {
            for (ServiceResource service : mesh.services().all()) {
                WaypointBinding binding = chosenBy(service.meta());
                if (binding != null && binding.key().equals(key)) {
                    dirty.services().add(service.key());
                    dirty.pods().addAll(mesh.members(service));
                }
            }
        }
        if ((old == null || old.carriesWorkloads()) != (now == null || now.carriesWorkloads())) {
            dirty.pods().addAll(choosing(key.name()));
        }
        if (isForWorkloads(old) != isForWorkloads(now)) {
            for (NamespaceResource namespace : mesh.namespaces().values()) {
                WaypointBinding binding = ofNamespace(namespace);
                if (binding != null && binding.key().equals(key)) {
                    dirty.pods()
                            .addAll(mesh.pods()
                                    .labels()
                                    .inNamespace(namespace.meta().name()));
                }
            }
        }
    }

    private static boolean isForWorkloads(@Nullable GatewayResource gateway) {
        return gateway != null && gateway.carriesWorkloads();
    }

    private @Nullable WaypointBinding ofNamespace(@Nullable NamespaceResource namespace) {
        return namespace == null
                ? null
                : WaypointBinding.ofNamespace(namespace, namespace.meta().name(), settings.istioLabels());
    }

    /** Pods that choose a Gateway of this name themselves, in any namespace. */
    private Set<ResourceKey> choosing(String name) {
        Set<ResourceKey> pods = new LinkedHashSet<>();
        for (String label : WaypointBinding.labels(settings.istioLabels())) {
            pods.addAll(mesh.pods().labels().matching(Selector.ofLabels(Map.of(label, name))));
        }
        return pods;
    }

    /** Whether pods may have another waypoint when their namespace changes so. */
    boolean matters(@Nullable NamespaceResource before, @Nullable NamespaceResource after) {
        WaypointBinding old = ofNamespace(before);
        WaypointBinding now = ofNamespace(after);
        return (old != null && isForWorkloads(mesh.gateways().get(old.key())))
                || (now != null && isForWorkloads(mesh.gateways().get(now.key())));
    }
}

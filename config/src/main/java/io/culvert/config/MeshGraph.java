package io.culvert.config;

import com.google.protobuf.ByteString;
import io.culvert.config.PeerAuthenticationResource.Mode;
import io.culvert.proto.node.PodReport;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Knows what depends on what: takes changed resources into the mesh and marks what has to be compiled again. What it
 * holds is a function of the resources and reports alone, but for the order in which pods claimed one address. Owned by:
 * the compiler's thread.
 */
final class MeshGraph {
    private final CompilerSettings settings;
    private final Dirty dirty = new Dirty();
    private final Mesh mesh;
    private final ChosenWaypoints waypoints;

    MeshGraph(CompilerSettings settings) {
        this.settings = settings;
        this.mesh = Mesh.empty(settings.rootNamespace(), dirty);
        this.waypoints = new ChosenWaypoints(settings, mesh);
    }

    Mesh mesh() {
        return mesh;
    }

    Dirty dirty() {
        return dirty;
    }

    /** Takes one changed resource. */
    void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after) {
        if (before != null) {
            mesh.existence().count(before, -1);
        }
        if (after != null) {
            mesh.existence().count(after, 1);
        }
        switch (key.kind()) {
            case NAMESPACE -> namespace(key, (NamespaceResource) before, (NamespaceResource) after);
            case NODE -> node(key, (NodeResource) before, (NodeResource) after);
            case SERVICE_ACCOUNT -> {}
            case POD -> pod(key, (PodResource) before, (PodResource) after);
            case SERVICE -> service(key, (ServiceResource) before, (ServiceResource) after);
            case ENDPOINT_SLICE -> slice(key, (EndpointSliceResource) before, (EndpointSliceResource) after);
            case DEPLOYMENT -> put(mesh.deployments(), key, (DeploymentResource) after);
            case NETWORK_POLICY -> networkPolicy(key, (NetworkPolicyResource) before, (NetworkPolicyResource) after);
            case PEER_AUTHENTICATION ->
                peerAuthentication(key, (PeerAuthenticationResource) before, (PeerAuthenticationResource) after);
            case AUTHORIZATION_POLICY ->
                authorizationPolicy(key, (AuthorizationPolicyResource) before, (AuthorizationPolicyResource) after);
            case GATEWAY -> waypoints.change(key, (GatewayResource) before, (GatewayResource) after, dirty);
            // What waypoints do is RouteGraph's.
            case GATEWAY_CLASS,
                    HTTP_ROUTE,
                    GRPC_ROUTE,
                    TLS_ROUTE,
                    TCP_ROUTE,
                    REFERENCE_GRANT,
                    BACKEND_TRAFFIC_POLICY,
                    VIRTUAL_SERVICE,
                    DESTINATION_RULE,
                    SERVICE_PROFILE -> {}
        }
    }

    private static <K, V> void put(Map<K, V> map, K key, @Nullable V value) {
        if (value == null) {
            map.remove(key);
        } else {
            map.put(key, value);
        }
    }

    private static <R, V> boolean same(@Nullable R before, @Nullable R after, Function<R, V> part) {
        return Objects.equals(before == null ? null : part.apply(before), after == null ? null : part.apply(after));
    }

    private void namespace(ResourceKey key, @Nullable NamespaceResource before, @Nullable NamespaceResource after) {
        put(mesh.namespaces(), key.name(), after);
        boolean unchanged = same(before, after, namespace -> meshLabels(namespace.meta()))
                && same(before, after, NamespaceResource::existing)
                && same(before, after, NamespaceResource::drainSeconds);
        if (!unchanged) {
            dirty.pods().addAll(mesh.pods().labels().inNamespace(key.name()));
        }
        if (!same(before, after, namespace -> WaypointBinding.deciding(namespace.meta()))) {
            if (waypoints.matters(before, after)) {
                dirty.pods().addAll(mesh.pods().labels().inNamespace(key.name()));
            }
            for (ServiceResource service : mesh.services().all()) {
                if (service.meta().namespace().equals(key.name())) {
                    dirty.services().add(service.key());
                    dirty.pods().addAll(mesh.members(service));
                }
            }
        }
    }

    private static List<String> meshLabels(Meta meta) {
        return List.of(
                meta.labels().getOrDefault(Enrolment.LABEL, ""), meta.labels().getOrDefault(Enrolment.ISTIO_LABEL, ""));
    }

    private void node(ResourceKey key, @Nullable NodeResource before, @Nullable NodeResource after) {
        put(mesh.nodes(), key.name(), after);
        if (!same(before, after, NodeResource::locality) || !same(before, after, NodeResource::addresses)) {
            dirty.pods().addAll(mesh.pods().onNode(key.name()));
        }
    }

    private void pod(ResourceKey key, @Nullable PodResource before, @Nullable PodResource after) {
        if (before != null && (after == null || isAnother(before, after))) {
            // What was captured is gone: peers must not tunnel to its successor before that one is reported.
            mesh.reports().remove(PodCompiler.uid(settings, key));
        }
        Set<ByteString> addresses = new LinkedHashSet<>(Pods.addresses(before));
        addresses.addAll(Pods.addresses(after));
        addresses.forEach(address -> dirty.slices().addAll(mesh.services().slicesAt(address)));
        dirty.pods().addAll(mesh.pods().change(key, before, after));
    }

    private static boolean isAnother(PodResource before, PodResource after) {
        boolean uid = !before.meta().uid().isEmpty()
                && !after.meta().uid().isEmpty()
                && !before.meta().uid().equals(after.meta().uid());
        return uid || (!before.node().isEmpty() && !before.node().equals(after.node()));
    }

    private void service(ResourceKey key, @Nullable ServiceResource before, @Nullable ServiceResource after) {
        mesh.services().change(key, before, after);
        dirty.services().add(key);
        dirty.slices().addAll(mesh.services().slicesOf(key));
        boolean podsUnchanged = same(before, after, ServiceResource::ports)
                && same(before, after, service -> WaypointBinding.deciding(service.meta()))
                && same(before, after, ServiceResource::externalName)
                && same(before, after, ServiceResource::key);
        if (mesh.services().slicesOf(key).isEmpty()) {
            if (!podsUnchanged || !same(before, after, ServiceResource::selector)) {
                dirty.pods().addAll(mesh.selected(key, before));
                dirty.pods().addAll(mesh.selected(key, after));
            }
        } else if (!podsUnchanged) {
            for (ResourceKey slice : mesh.services().slicesOf(key)) {
                dirty.pods().addAll(mesh.listed(mesh.services().slice(slice)));
            }
        }
    }

    private void slice(ResourceKey key, @Nullable EndpointSliceResource before, @Nullable EndpointSliceResource after) {
        mesh.services().change(key, before, after);
        dirty.slices().add(key);
        // Endpoints that stay as they are do not feel that others come and go.
        Set<EndpointSliceResource.Endpoint> old = endpoints(before);
        Set<EndpointSliceResource.Endpoint> now = endpoints(after);
        boolean sameFrame = same(before, after, EndpointSliceResource::ports)
                && same(before, after, EndpointSliceResource::service);
        old.forEach(endpoint -> {
            if (!sameFrame || !now.contains(endpoint)) {
                dirty.pods().addAll(mesh.listed(endpoint));
            }
        });
        now.forEach(endpoint -> {
            if (!sameFrame || !old.contains(endpoint)) {
                dirty.pods().addAll(mesh.listed(endpoint));
            }
        });
        for (EndpointSliceResource slice : new @Nullable EndpointSliceResource[] {before, after}) {
            // A service's first or last slice decides whether its selector counts.
            if (slice != null && !same(before, after, Services::serviceOf)) {
                ResourceKey service = Services.serviceOf(slice);
                if (mesh.services().slicesOf(service).size() <= 1) {
                    dirty.pods().addAll(mesh.selected(service, mesh.services().get(service)));
                }
            }
        }
    }

    private static Set<EndpointSliceResource.Endpoint> endpoints(@Nullable EndpointSliceResource slice) {
        return slice == null ? Set.of() : new LinkedHashSet<>(slice.endpoints());
    }

    private void networkPolicy(
            ResourceKey key, @Nullable NetworkPolicyResource before, @Nullable NetworkPolicyResource after) {
        mesh.policies().change(key, before, after);
        if (!same(before, after, NetworkPolicyResource::pods)) {
            for (NetworkPolicyResource policy : new @Nullable NetworkPolicyResource[] {before, after}) {
                if (policy != null) {
                    dirty.pods().addAll(mesh.pods().labels().matching(key.namespace(), policy.pods()));
                }
            }
        }
    }

    private void authorizationPolicy(
            ResourceKey key,
            @Nullable AuthorizationPolicyResource before,
            @Nullable AuthorizationPolicyResource after) {
        mesh.policies().change(key, before, after);
        dirty.policies().add(key);
        for (AuthorizationPolicyResource policy : new @Nullable AuthorizationPolicyResource[] {before, after}) {
            if (policy != null) {
                boolean is = Objects.equals(policy, after);
                mesh.existence().names(key, key.namespace(), is);
                policy.references().forEach(reference -> mesh.existence().names(key, reference.namespace(), is));
            }
        }
        boolean sameAttachment = Policies.isAttached(before) == Policies.isAttached(after)
                && same(before, after, PolicyResource::selector);
        if (!sameAttachment) {
            for (AuthorizationPolicyResource policy : new @Nullable AuthorizationPolicyResource[] {before, after}) {
                if (policy != null && Policies.isAttached(policy)) {
                    dirty.pods().addAll(anywhere(key, policy.selector()));
                }
            }
        }
    }

    // The root namespace's selectors select in every namespace.
    private Set<ResourceKey> anywhere(ResourceKey policy, Selector selector) {
        return policy.namespace().equals(settings.rootNamespace())
                ? mesh.pods().labels().matching(selector)
                : mesh.pods().labels().matching(policy.namespace(), selector);
    }

    private void peerAuthentication(
            ResourceKey key, @Nullable PeerAuthenticationResource before, @Nullable PeerAuthenticationResource after) {
        PeerAuthentications peers = mesh.peers();
        Mode old = peers.mode(key.namespace());
        peers.of(key.namespace()).forEach(policy -> dirty.policies().add(policy.key()));
        peers.change(key, before, after);
        peers.of(key.namespace()).forEach(policy -> dirty.policies().add(policy.key()));
        dirty.policies().add(key);
        mesh.existence().names(key, key.namespace(), after != null);
        if (old != peers.mode(key.namespace())) {
            Set<String> namespaces = key.namespace().equals(settings.rootNamespace())
                    ? mesh.pods().labels().namespaces()
                    : Set.of(key.namespace());
            for (String namespace : namespaces) {
                dirty.pods().addAll(mesh.pods().labels().inNamespace(namespace));
            }
            if (key.namespace().equals(settings.rootNamespace())) {
                peers.all().forEach(policy -> dirty.policies().add(policy.key()));
            } else {
                dirty.policies().addAll(peers.selecting(key.namespace()));
            }
        }
        for (PeerAuthenticationResource policy : new @Nullable PeerAuthenticationResource[] {before, after}) {
            if (policy != null && !policy.selector().isEmpty()) {
                dirty.pods().addAll(anywhere(key, policy.selector()));
            }
        }
    }

    /** Takes what an agent says of a pod; null when nobody does any more. */
    void report(String uid, @Nullable PodReport report) {
        PodReport before = mesh.reports().get(uid);
        put(mesh.reports(), uid, report);
        if (!same(before, report, PodReport::getState)) {
            String prefix = settings.clusterId() + "//Pod/";
            String[] parts =
                    uid.startsWith(prefix) ? uid.substring(prefix.length()).split("/", -1) : new String[0];
            if (parts.length == 2) {
                dirty.pods().add(new ResourceKey(Kind.POD, parts[0], parts[1]));
            }
        }
    }
}

package io.culvert.config;

import io.culvert.proto.node.PodReport;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that counts now, with the indexes by which parts of it find each other. Owned by: the compiler's thread.
 *
 * @param gateways those that are waypoints of this mesh
 */
record Mesh(
        Map<String, NamespaceResource> namespaces,
        Map<String, NodeResource> nodes,
        Map<ResourceKey, DeploymentResource> deployments,
        Map<ResourceKey, GatewayResource> gateways,
        Pods pods,
        Services services,
        Policies policies,
        PeerAuthentications peers,
        Existence existence,
        Map<String, PodReport> reports) {
    static Mesh empty(String rootNamespace, Dirty dirty) {
        return new Mesh(
                new HashMap<>(),
                new HashMap<>(),
                new HashMap<>(),
                new HashMap<>(),
                new Pods(),
                new Services(),
                new Policies(rootNamespace),
                new PeerAuthentications(rootNamespace),
                new Existence(rootNamespace, dirty.policies()),
                new HashMap<>());
    }

    /** The pods that are behind a service, or may be. */
    Set<ResourceKey> members(ServiceResource service) {
        Set<ResourceKey> slices = services.slicesOf(service.key());
        Set<ResourceKey> members = new LinkedHashSet<>();
        if (slices.isEmpty()) {
            members.addAll(selected(service.key(), service));
        }
        slices.forEach(slice -> members.addAll(listed(services.slice(slice))));
        return members;
    }

    /** The pods that a service's selector selects. */
    Set<ResourceKey> selected(ResourceKey key, @Nullable ServiceResource service) {
        return service == null || service.selector() == null
                ? Set.of()
                : pods.labels().matching(key.namespace(), service.selector());
    }

    /** The pods that a slice names, or may mean. */
    Set<ResourceKey> listed(@Nullable EndpointSliceResource slice) {
        Set<ResourceKey> listed = new LinkedHashSet<>();
        if (slice != null) {
            slice.endpoints().forEach(endpoint -> listed.addAll(listed(endpoint)));
        }
        return listed;
    }

    /** The pod that an endpoint names, or those that claim its addresses. */
    Set<ResourceKey> listed(EndpointSliceResource.Endpoint endpoint) {
        if (endpoint.pod() != null) {
            return Set.of(endpoint.pod());
        }
        Set<ResourceKey> claimants = new LinkedHashSet<>();
        endpoint.addresses().forEach(address -> claimants.addAll(pods.claimants(address)));
        return claimants;
    }
}

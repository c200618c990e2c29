package io.culvert.config;

import io.culvert.proto.node.PodReport;
import java.util.HashMap;
import java.util.Map;

/** Everything that counts now, with the indexes by which parts of it find each other. Owned by: the compiler's thread. */
record Mesh(
        Map<String, NamespaceResource> namespaces,
        Map<String, NodeResource> nodes,
        Map<ResourceKey, DeploymentResource> deployments,
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
                new Pods(),
                new Services(),
                new Policies(rootNamespace),
                new PeerAuthentications(rootNamespace),
                new Existence(rootNamespace, dirty.policies()),
                new HashMap<>());
    }
}

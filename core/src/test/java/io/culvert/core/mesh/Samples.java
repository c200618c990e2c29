package io.culvert.core.mesh;

import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;

/** Small resources for tests. */
final class Samples {
    static final TrustDomain DOMAIN = new TrustDomain("cluster.local");

    private Samples() {}

    static SpiffeId id(String namespace, String account) {
        return SpiffeId.forServiceAccount(DOMAIN, namespace, account);
    }

    static WorkloadBuilder pod(String namespace, String name, String... ips) {
        WorkloadBuilder builder =
                Workload.builder("Kubernetes//Pod/" + namespace + "/" + name, id(namespace, "default"));
        for (String ip : ips) {
            builder.address(Ip.parse(ip));
        }
        return builder;
    }

    static Service service(String namespace, String hostname, String... vips) {
        return Service.of(
                namespace,
                hostname,
                java.util.Arrays.stream(vips)
                        .map(v -> new Vip("", Cidr.parse(v)))
                        .toList(),
                PortMap.of(80, 8080));
    }

    static MeshUpdate update(Object... resources) {
        MeshUpdate.Builder builder = MeshUpdate.builder();
        for (Object resource : resources) {
            switch (resource) {
                case Workload w -> builder.put(w);
                case WorkloadBuilder w -> builder.put(w.build());
                case Service s -> builder.put(s);
                case Policy p -> builder.put(p);
                default -> throw new IllegalArgumentException(resource.toString());
            }
        }
        return builder.build();
    }
}

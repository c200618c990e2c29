package io.culvert.perf.suite;

import java.util.Collection;
import java.util.List;

/**
 * Two more nodes of the same cluster, whose agents have an option that the others have not: the mesh beside itself, with
 * pods of its own.
 */
enum OtherMesh {
    /** Tunnels agree on keys as the peers do, by X25519: what it costs less than the mesh is what the hybrid one costs. */
    CLASSICAL("culvert-classical", "--key-agreement classical"),
    IO_URING("culvert-io-uring", "--transport io_uring");

    private final String label;
    private final String agentOptions;

    OtherMesh(String label, String agentOptions) {
        this.label = label;
        this.agentOptions = agentOptions;
    }

    /** Those among {@code names}. */
    static List<OtherMesh> among(Collection<String> names) {
        return List.of(values()).stream()
                .filter(mesh -> names.contains(mesh.label))
                .toList();
    }

    static boolean isOne(String name) {
        return !among(List.of(name)).isEmpty();
    }

    /** Among the peers, in the report, and of the namespace that its pods are in. */
    String label() {
        return label;
    }

    /** Of both nodes. */
    String agentOptions() {
        return agentOptions;
    }

    String clientNode() {
        return label + "-1";
    }

    String serverNode() {
        return label + "-2";
    }
}

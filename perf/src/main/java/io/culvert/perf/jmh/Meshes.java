package io.culvert.perf.jmh;

import io.culvert.core.mesh.InvalidResourceException;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.ResourceDecoder;
import io.culvert.core.mesh.Workload;
import io.culvert.perf.scale.MeshGenerator;

/** Meshes for benchmarks, out of the resources that {@code scale} sends. */
public final class Meshes {
    private Meshes() {}

    /** Workload {@code i}; {@code mark} makes it another version of itself. */
    public static Workload workload(MeshGenerator mesh, int i, String mark) {
        try {
            return ResourceDecoder.workload(mesh.workload(i, mark));
        } catch (InvalidResourceException e) {
            throw new AssertionError("a generated workload is valid", e);
        }
    }

    /** All of a mesh: {@code services} services and {@code workloads} pods behind them. */
    public static MeshUpdate all(MeshGenerator mesh, int services, int workloads) {
        MeshUpdate.Builder all = MeshUpdate.builder();
        try {
            for (int i = 0; i < services; i++) {
                all.put(ResourceDecoder.service(mesh.service(i, "")));
            }
        } catch (InvalidResourceException e) {
            throw new AssertionError("a generated service is valid", e);
        }
        for (int i = 0; i < workloads; i++) {
            all.put(workload(mesh, i, ""));
        }
        return all.build();
    }
}

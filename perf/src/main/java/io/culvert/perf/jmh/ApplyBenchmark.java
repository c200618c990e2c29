package io.culvert.perf.jmh;

import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.perf.scale.MeshGenerator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A batch of changed pods applied to a large mesh. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ApplyBenchmark {
    @Param({"10000", "100000"})
    public int workloads;

    @Param({"1", "100"})
    public int batch;

    private final MeshStore store = new MeshStore();
    private MeshUpdate[] updates = {};
    private int next;

    @Setup(Level.Trial)
    public void fill() {
        int services = workloads / 20;
        MeshGenerator mesh = new MeshGenerator(services, 0);
        store.apply(Meshes.all(mesh, services, workloads));
        updates = new MeshUpdate[] {batch(mesh, "one"), batch(mesh, "other")};
    }

    private MeshUpdate batch(MeshGenerator mesh, String mark) {
        MeshUpdate.Builder batch = MeshUpdate.builder();
        for (int i = 0; i < this.batch; i++) {
            batch.put(Meshes.workload(mesh, (int) (i * 7_919L % workloads), mark));
        }
        return batch.build();
    }

    /** Each time all of the batch changes. */
    @Benchmark
    public MeshDelta apply() {
        next ^= 1;
        return store.apply(updates[next]);
    }
}

package io.culvert.perf.jmh;

import io.culvert.core.mesh.Cidr;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.perf.scale.MeshGenerator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What an address means: a service's virtual address, a range of one, a pod. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LookupBenchmark {
    private static final int ASKED = 1024;

    @Param({"10", "100", "1000", "10000"})
    public int size;

    private MeshState state = MeshState.EMPTY;
    private final Ip[] vips = new Ip[ASKED];
    private final Ip[] inRanges = new Ip[ASKED];
    private final Ip[] pods = new Ip[ASKED];
    private int next;

    @Setup(Level.Trial)
    public void fill() {
        MeshStore store = new MeshStore();
        store.apply(Meshes.all(new MeshGenerator(size, 0), size, size));
        MeshUpdate.Builder ranges = MeshUpdate.builder();
        for (int i = 0; i < size; i++) {
            // 172.16.0.0/12 and on: ranges of three lengths.
            Ip base = Ip.ofIpv4((172L << 24 | 16 << 16) + (i << 6));
            Vip vip = new Vip("", new Cidr(base, 26 + i % 3));
            ranges.put(Service.of("ranges", "range-" + i + ".example", List.of(vip), PortMap.of(443, 443)));
        }
        store.apply(ranges.build());
        state = store.current();
        for (int i = 0; i < ASKED; i++) {
            int n = (int) (i * 7_919L % size);
            vips[i] = Ip.ofIpv4(MeshGenerator.vip(n));
            pods[i] = Ip.ofIpv4(MeshGenerator.podAddress(n));
            inRanges[i] = Ip.ofIpv4((172L << 24 | 16 << 16) + (n << 6) + 3);
        }
    }

    private int next() {
        next = next + 1 & ASKED - 1;
        return next;
    }

    @Benchmark
    public @Nullable Service vip() {
        return state.serviceAt("", vips[next()], "team-1");
    }

    @Benchmark
    public @Nullable Service cidr() {
        return state.serviceAt("", inRanges[next()], "team-1");
    }

    @Benchmark
    public @Nullable Workload pod() {
        return state.workloadAt("", pods[next()]);
    }
}

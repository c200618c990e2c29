package io.culvert.ztunnel;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.perf.jmh.Meshes;
import io.culvert.perf.scale.MeshGenerator;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
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

/** The outbound decision: from the address that an app dialled to the way of its connection. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OutboundBenchmark {
    private static final int ASKED = 1024;

    /** Services, and as many workloads. */
    @Param({"10", "10000"})
    public int size;

    private final OutboundDecider decider = new OutboundDecider(
            ProxySettings.of("elsewhere", ""),
            new EndpointChooser(bound -> ThreadLocalRandom.current().nextInt(bound)),
            new LocalPods() {
                @Override
                public boolean isServedHere(Workload workload) {
                    return false;
                }

                @Override
                public boolean hasCredentials(Workload workload) {
                    return true;
                }
            });
    private final InetSocketAddress[] services = new InetSocketAddress[ASKED];
    private final InetSocketAddress[] pods = new InetSocketAddress[ASKED];
    private final InetSocketAddress outside = new InetSocketAddress("192.0.2.1", 443);
    private MeshState state = MeshState.EMPTY;
    private @Nullable Workload source;
    private int next;

    @Setup(Level.Trial)
    public void fill() {
        MeshGenerator mesh = new MeshGenerator(size, 0);
        MeshStore store = new MeshStore();
        store.apply(Meshes.all(mesh, size, size));
        state = store.current();
        source = Meshes.workload(mesh, 0, "");
        for (int i = 0; i < ASKED; i++) {
            int n = (int) (i * 7_919L % size);
            services[i] = new InetSocketAddress(Ip.ofIpv4(MeshGenerator.vip(n)).toInetAddress(), 80);
            pods[i] =
                    new InetSocketAddress(Ip.ofIpv4(MeshGenerator.podAddress(n)).toInetAddress(), 8080);
        }
        expect(services[0]);
        expect(pods[0]);
    }

    private void expect(InetSocketAddress requested) {
        if (decide(requested) instanceof OutboundDecision.Refused refused) {
            throw new AssertionError("a generated mesh has a way to " + requested + ": " + refused);
        }
    }

    private OutboundDecision decide(InetSocketAddress requested) {
        return decider.decide(state, Objects.requireNonNull(source), requested, null);
    }

    private int next() {
        next = next + 1 & ASKED - 1;
        return next;
    }

    @Benchmark
    public OutboundDecision toService() {
        return decide(services[next()]);
    }

    @Benchmark
    public OutboundDecision toPod() {
        return decide(pods[next()]);
    }

    @Benchmark
    public OutboundDecision outOfTheMesh() {
        return decide(outside);
    }
}

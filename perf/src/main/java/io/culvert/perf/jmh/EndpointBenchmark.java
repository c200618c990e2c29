package io.culvert.perf.jmh;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Endpoints;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.perf.scale.MeshGenerator;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import java.util.List;
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

/** Choosing among the endpoints of one service, and the lookups of an outbound connection that come before. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EndpointBenchmark {
    private static final LoadBalancing FAILOVER = new LoadBalancing(
            List.of(
                    io.culvert.proto.workload.LoadBalancing.Scope.REGION,
                    io.culvert.proto.workload.LoadBalancing.Scope.ZONE),
            io.culvert.proto.workload.LoadBalancing.Mode.FAILOVER,
            HealthPolicy.ONLY_HEALTHY);

    @Param({"10", "100", "1000", "10000"})
    public int endpoints;

    private final EndpointChooser chooser =
            new EndpointChooser(bound -> ThreadLocalRandom.current().nextInt(bound));
    private MeshState state = MeshState.EMPTY;
    private Endpoints all = Endpoints.NONE;
    private @Nullable Workload source;
    private Ip vip = Ip.ofIpv4(0);

    @Setup(Level.Trial)
    public void fill() {
        MeshGenerator mesh = new MeshGenerator(1, 0);
        MeshStore store = new MeshStore();
        store.apply(Meshes.all(mesh, 1, endpoints));
        state = store.current();
        all = state.endpoints(MeshGenerator.namespace(0) + "/" + MeshGenerator.hostname(0));
        source = Meshes.workload(mesh, 0, "");
        vip = Ip.ofIpv4(MeshGenerator.vip(0));
    }

    private Workload source() {
        return java.util.Objects.requireNonNull(source);
    }

    @Benchmark
    public @Nullable Endpoint random() {
        return chooser.choose(LoadBalancing.DEFAULT, all, source(), endpoint -> true);
    }

    @Benchmark
    public @Nullable Endpoint nearest() {
        return chooser.choose(FAILOVER, all, source(), endpoint -> true);
    }

    /** From the address that the app dialled to the endpoint. */
    @Benchmark
    public @Nullable Endpoint outbound() {
        Service service = state.serviceAt("", vip, source().namespace());
        if (service == null) {
            throw new AssertionError("the service is gone");
        }
        return chooser.choose(
                service.loadBalancing(),
                state.endpoints(service.key()),
                source(),
                endpoint -> endpoint.ports().target(80) != 0);
    }
}

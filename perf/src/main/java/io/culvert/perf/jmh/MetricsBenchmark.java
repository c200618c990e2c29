package io.culvert.perf.jmh;

import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.culvert.core.telemetry.Counter;
import io.culvert.core.telemetry.CounterFamily;
import io.culvert.core.telemetry.DestinationService;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Peer;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Way;
import java.io.OutputStream;
import java.net.InetSocketAddress;
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
import org.openjdk.jmh.annotations.TearDown;

/** What counting costs: a counter, bytes of a connection, a whole connection. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MetricsBenchmark {
    @Param({"1", "1000"})
    public int sources;

    private final MetricsRegistry registry = new MetricsRegistry();
    private final CounterFamily family = registry.counters("bench", "Of the benchmark", "kind", "reason");
    private final Counter counter = family.with("a", "b");
    private final AccessLog log = new AccessLog(registry, OutputStream.nullOutputStream());
    private final MeshTelemetry telemetry = new MeshTelemetry(registry, log);
    private ConnectionAttributes[] attributes = {};
    private @Nullable ConnectionRecord record;
    private int next;

    @Setup(Level.Trial)
    public void open() {
        log.start();
        attributes = new ConnectionAttributes[sources];
        for (int i = 0; i < sources; i++) {
            attributes[i] = new ConnectionAttributes(
                    Reporter.SOURCE,
                    Way.TUNNEL,
                    SecurityPolicy.MUTUAL_TLS,
                    peer("client-" + i),
                    peer("server"),
                    new DestinationService("server.shop.svc.cluster.local", "server", "shop"),
                    new InetSocketAddress("10.1.0.5", 40000),
                    new InetSocketAddress("10.2.0.7", 15008),
                    new InetSocketAddress("10.2.0.7", 8080));
        }
        record = telemetry.open(attributes[0]);
    }

    @TearDown(Level.Trial)
    public void close() {
        log.close();
    }

    private static Peer peer(String name) {
        return new Peer(
                name,
                name + "-1",
                "shop",
                name,
                "v1",
                name,
                "v1",
                "Kubernetes",
                "spiffe://cluster.local/ns/shop/sa/" + name);
    }

    @Benchmark
    public Counter increment() {
        counter.inc();
        return counter;
    }

    @Benchmark
    public Counter incrementByLabels() {
        Counter found = family.with("a", "b");
        found.inc();
        return found;
    }

    @Benchmark
    public ConnectionRecord bytes() {
        ConnectionRecord to = java.util.Objects.requireNonNull(record);
        to.sent(1024);
        to.received(1024);
        return to;
    }

    /** Opened, counted, closed, and handed to the access log, which drops what it cannot write in time. */
    @Benchmark
    public ConnectionRecord connection() {
        next = next + 1 == sources ? 0 : next + 1;
        ConnectionRecord opened = telemetry.open(attributes[next]);
        opened.sent(1024);
        opened.received(1024);
        opened.close(CloseReason.OK, null);
        return opened;
    }
}

package io.culvert.perf.jmh;

import io.culvert.config.CompilerSettings;
import io.culvert.config.RouteCompiler;
import io.culvert.config.RouteUpdate;
import io.culvert.config.SourceChanges;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** From a changed file to the new route table, in a mesh of 500 services with 20 rules each. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RouteSwapBenchmark {
    private static final int SERVICES = 500;
    private static final int RULES = 20;

    private RouteCompiler compiler = new RouteCompiler(CompilerSettings.DEFAULTS);
    private final Map<String, @Nullable String> all = new HashMap<>();
    private int turn;

    @Setup(Level.Trial)
    public void fill() {
        for (int i = 0; i < SERVICES; i++) {
            all.put(
                    "service-" + i,
                    "{apiVersion: v1, kind: Service, metadata: {name: s" + i
                            + ", namespace: n}, spec: {selector: {app: a},"
                            + " ports: [{port: 80, appProtocol: http}]}}\n");
            all.put("route-" + i, route(i, "a"));
        }
        compiler = new RouteCompiler(CompilerSettings.DEFAULTS);
        compiler.apply(SourceChanges.files(new HashMap<>(all)));
    }

    private static String route(int number, String value) {
        StringBuilder text = new StringBuilder(
                        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r")
                .append(number)
                .append(", namespace: n}\nspec:\n  parentRefs: [{group: '', kind: Service, name: s")
                .append(number)
                .append("}]\n  rules:\n");
        for (int i = 0; i < RULES; i++) {
            text.append("  - {matches: [{path: {value: /p").append(i).append('}');
            if (i % 10 == 0) {
                text.append(", headers: [{name: x, value: ").append(value).append("}]");
            }
            text.append("}], backendRefs: [{name: s").append(number).append(", port: 80}]}\n");
        }
        return text.toString();
    }

    /** One route of one service. */
    @Benchmark
    public RouteUpdate oneRoute() {
        turn++;
        int number = turn % SERVICES;
        return compiler.apply(SourceChanges.files(Map.of("route-" + number, route(number, "v" + turn))));
    }

    /** All of it from nothing, as when a waypoint starts. */
    @Benchmark
    public RouteUpdate everything() {
        return new RouteCompiler(CompilerSettings.DEFAULTS).apply(SourceChanges.files(new HashMap<>(all)));
    }
}

package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the sequence of changes, the outcome is that of compiling the last state from nothing. */
class IncrementalCompilationTest {
    private static final int STEPS = 200;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void wellFormedChangesEndWhereAFreshCompilerEnds(long seed) {
        RandomCluster cluster = new RandomCluster(seed, false);
        TestMesh mesh = new TestMesh();
        for (int step = 0; step < STEPS; step++) {
            mesh.apply(cluster.change());
            if (step % 8 == 0) {
                TestMesh fresh = new TestMesh();
                fresh.apply(new SourceChanges(
                        cluster.files(), mesh.compiler.graph().mesh().reports(), Set.of()));
                String at = "seed " + seed + " step " + step + ": " + cluster.log();
                assertThat(mesh.addresses).as(at).isEqualTo(fresh.addresses);
                assertThat(mesh.authorizations).as(at).isEqualTo(fresh.authorizations);
                assertThat(mesh.last.diagnostics()).as(at).isEqualTo(fresh.last.diagnostics());
            }
        }
        assertThat(mesh.addresses.size()).as("the test must not run empty").isGreaterThan(20);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13, 14})
    void whateverCountsAfterBadInputCompilesAsFromNothing(long seed) {
        RandomCluster cluster = new RandomCluster(seed, true);
        TestMesh mesh = new TestMesh();
        for (int step = 0; step < STEPS; step++) {
            mesh.apply(cluster.change());
            if (step % 8 == 0) {
                GraphCompiler fresh = afresh(mesh.compiler);
                String at = "seed " + seed + " step " + step + ": " + cluster.log();
                assertThat(mesh.addresses).as(at).isEqualTo(fresh.addresses().all());
                assertThat(mesh.authorizations)
                        .as(at)
                        .isEqualTo(fresh.authorizations().all());
                assertThat(mesh.compiler.graph().book().all())
                        .as(at)
                        .isEqualTo(fresh.book().all());
            }
        }
        assertThat(mesh.last.diagnostics())
                .as("the test must have met bad input")
                .isNotEmpty();
    }

    private static GraphCompiler afresh(MeshCompiler compiler) {
        GraphCompiler fresh = new GraphCompiler(CompilerSettings.DEFAULTS, new Counters());
        Map<ResourceKey, Resource> resources = compiler.store().snapshot();
        List<ResourceKey> order = new ArrayList<>(podsByClaim(compiler, resources));
        new TreeMap<>(resources)
                .keySet().stream().filter(key -> !order.contains(key)).forEach(order::add);
        order.forEach(key -> fresh.change(key, null, resources.get(key)));
        new HashMap<>(compiler.graph().mesh().reports()).forEach(fresh::report);
        fresh.compile();
        return fresh;
    }

    // Who had an address first is history, and the only one: it is carried over.
    private static Set<ResourceKey> podsByClaim(MeshCompiler compiler, Map<ResourceKey, Resource> resources) {
        Set<ResourceKey> order = new LinkedHashSet<>();
        for (Resource resource : resources.values()) {
            if (resource instanceof PodResource pod) {
                for (ByteString address : pod.addresses()) {
                    order.addAll(compiler.graph().mesh().pods().claimants(address));
                }
            }
        }
        return order;
    }
}

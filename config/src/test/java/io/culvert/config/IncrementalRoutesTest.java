package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.RouteTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the sequence of changes, the table is that of compiling the last state from nothing. */
class IncrementalRoutesTest {
    private static final int STEPS = 400;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void wellFormedChangesEndWhereAFreshCompilerEnds(long seed) {
        RandomRoutes random = new RandomRoutes(seed, false);
        RouteCompiler compiler = new RouteCompiler(CompilerSettings.DEFAULTS);
        long services = 0;
        long statuses = 0;
        for (int step = 0; step < STEPS; step++) {
            RouteUpdate update = compiler.apply(random.change());
            RouteUpdate fresh = new RouteCompiler(CompilerSettings.DEFAULTS).apply(SourceChanges.files(random.files()));
            String at = "seed " + seed + " step " + step + ": " + random.log();
            assertThat(update.table()).as(at).isEqualTo(fresh.table());
            assertThat(update.statuses()).as(at).isEqualTo(fresh.statuses());
            assertThat(update.diagnostics()).as(at).isEqualTo(fresh.diagnostics());
            services += update.table().services().size();
            statuses += update.statuses().size();
        }
        assertThat(services).as("the test must not run empty").isGreaterThan(STEPS);
        assertThat(statuses).isGreaterThan(STEPS);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13, 14})
    void whateverCountsAfterBadInputCompilesAsFromNothingInAnyOrder(long seed) {
        RandomRoutes random = new RandomRoutes(seed, true);
        RouteCompiler compiler = new RouteCompiler(CompilerSettings.DEFAULTS);
        boolean bad = false;
        for (int step = 0; step < STEPS; step++) {
            RouteUpdate update = compiler.apply(random.change());
            bad |= !compiler.store().refused().isEmpty();
            RouteGraph fresh = new RouteGraph(CompilerSettings.DEFAULTS, new Counters());
            Map<ResourceKey, Resource> resources = compiler.store().snapshot();
            List<ResourceKey> order = new ArrayList<>(resources.keySet());
            Collections.sort(order);
            Collections.shuffle(order, new Random(seed + step));
            order.forEach(key -> fresh.change(key, null, resources.get(key)));
            RouteTable table = fresh.compile();
            String at = "seed " + seed + " step " + step + ": " + random.log();
            assertThat(update.table()).as(at).isEqualTo(table);
            assertThat(compiler.graph().diagnostics()).as(at).isEqualTo(fresh.diagnostics());
        }
        assertThat(bad).as("the test must have met bad input").isTrue();
    }
}

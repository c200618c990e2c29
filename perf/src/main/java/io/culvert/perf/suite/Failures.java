package io.culvert.perf.suite;

import io.culvert.perf.result.Kind;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Target;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What failed in a suite on the mesh's ways: one figure for the suite, because the median over rounds would hide a
 * round in which something did.
 */
final class Failures {
    private static final String EVERY = "every load";
    private static final String ALL = "all";
    private static final String MESH = "culvert";
    private static final String METRIC = "failed";

    private Failures() {}

    /**
     * The sum over all rounds of the mesh, void ones included; empty when none of them counts failures. A round that
     * stands in several series counts once.
     */
    static List<Series> of(String suite, List<Series> series) {
        Set<Round> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        double failed = 0;
        boolean counted = false;
        for (Series one : series) {
            if (one.variant().equals(MESH) || one.variant().startsWith(MESH + "-")) {
                for (Round round : one.rounds()) {
                    failed += seen.add(round) ? failed(round) : 0;
                    counted |= round.values().containsKey("errors");
                }
            }
        }
        if (!counted) {
            return List.of();
        }
        Round total = new Round(0, "", new TreeMap<>(Map.of(METRIC, failed)), new TreeMap<>());
        return List.of(new Series(suite, EVERY, ALL, MESH, List.of(total)));
    }

    /** A connection that breaks is an error and loses its request: one failure, not two. */
    private static double failed(Round round) {
        return Math.max(
                round.values().getOrDefault("errors", 0.0), round.values().getOrDefault("lost", 0.0));
    }

    static Target target(String suite) {
        return new Target(
                suite + ", failed connections or requests",
                suite,
                EVERY,
                ALL,
                METRIC,
                MESH,
                "",
                "",
                Kind.ABSOLUTE,
                0,
                true,
                "",
                null);
    }
}

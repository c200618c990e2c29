package io.culvert.perf.result;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One row to reach. RATIO and DIFFERENCE take the base from the same rotation. A metric {@code added:NAME} stands for
 * NAME of a variant less NAME of the variant {@code direct} of the same rotation (same topology, else topology {@code
 * direct}), before the kind is applied.
 *
 * @param title what a reader calls it
 * @param metric a value's name, or {@code added:} and one
 * @param variant whose figure it is
 * @param base the variant it is held against, "" when absolute
 * @param baseTopology the base's topology, "" for the same
 * @param bound the figure to reach, in {@code unit}
 * @param atMost true when the figure may not exceed the bound, false when it may not fall short of it
 * @param unit for people: {@code ms}, {@code MiB}, or "" for a ratio
 * @param reference the ratio published for ztunnel, or null
 */
public record Target(
        String title,
        String suite,
        String load,
        String topology,
        String metric,
        String variant,
        String base,
        String baseTopology,
        Kind kind,
        double bound,
        boolean atMost,
        String unit,
        @Nullable Double reference) {
    public Target {
        Objects.requireNonNull(title, "title");
        Objects.requireNonNull(suite, "suite");
        Objects.requireNonNull(load, "load");
        Objects.requireNonNull(topology, "topology");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(variant, "variant");
        Objects.requireNonNull(base, "base");
        Objects.requireNonNull(baseTopology, "baseTopology");
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(unit, "unit");
        if (kind != Kind.ABSOLUTE && base.isEmpty()) {
            throw new IllegalArgumentException(
                    "target \"" + title + "\" is a " + kind + " and names no base; name a variant");
        }
    }
}

package io.culvert.perf.result;

import java.util.Collections;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One variant's turn in one rotation. Immutable.
 *
 * @param rotation which rotation; what has the same number ran within the same minutes and is compared in pairs
 * @param voided "" or why this round does not count; a void round is kept and shown, never used in a figure
 * @param values name to value, the unit is the name's suffix (see the package); a NaN was not measurable
 * @param histograms name to the base64 of a compressed HdrHistogram V2, nanoseconds ({@link Histograms})
 */
public record Round(
        int rotation, String voided, SortedMap<String, Double> values, SortedMap<String, String> histograms) {
    public Round {
        Objects.requireNonNull(voided, "voided");
        values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
        histograms = Collections.unmodifiableSortedMap(new TreeMap<>(histograms));
    }

    /** True when this round enters the figures. */
    public boolean counts() {
        return voided.isEmpty();
    }
}

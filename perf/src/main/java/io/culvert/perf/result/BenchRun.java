package io.culvert.perf.result;

import java.util.List;
import java.util.Objects;

/**
 * Everything a run of the bench found. Immutable.
 *
 * @param quick true for a short run, which gives no verdict
 */
public record BenchRun(Environment environment, boolean quick, List<Series> series, List<Gap> gaps, List<Row> rows) {
    public BenchRun {
        Objects.requireNonNull(environment, "environment");
        series = List.copyOf(series);
        gaps = List.copyOf(gaps);
        rows = List.copyOf(rows);
    }
}

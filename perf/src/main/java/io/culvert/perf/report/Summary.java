package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;
import java.util.List;

/**
 * Figures of several rounds.
 *
 * @param rounds how many rounds gave it
 */
record Summary(int rounds, double median, double least, double most) {
    static Summary of(double[] values) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        return new Summary(values.length, Bootstrap.medianOf(values), least, most);
    }

    /** The value's figures in the rounds that count, without what was not measurable. */
    static double[] values(Series series, String name) {
        return series.rounds().stream()
                .filter(Round::counts)
                .map(r -> r.values().get(name))
                .filter(v -> v != null && Double.isFinite(v))
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    /** The sum over all rounds, void ones too: a failure happened whether or not its round counts. */
    static double total(Series series, String name) {
        double total = 0;
        for (Round round : series.rounds()) {
            Double value = round.values().get(name);
            total += value != null && Double.isFinite(value) ? value : 0;
        }
        return total;
    }

    /** Failures of a series as "3 errors, 1 connections failed", "" when there are none. */
    static String failures(Series series) {
        List<String> names = series.rounds().stream()
                .flatMap(r -> r.values().keySet().stream())
                .distinct()
                .sorted()
                .filter(name -> Units.better(name) == Units.Better.NONE)
                .filter(name -> total(series, name) != 0)
                .map(name -> Units.plain(total(series, name)) + " " + Units.title(name))
                .toList();
        return String.join(", ", names);
    }
}

package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;
import java.util.List;

/**
 * One value of one series over the rounds that count.
 *
 * @param rounds how many rounds gave it
 */
record Summary(int rounds, double median, double least, double most) {
    static Summary of(Series series, String name) {
        double[] values = values(series, name);
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

    /**
     * The value called {@code name} of {@code series} for people: its median, of failures the total over all rounds, for a
     * median can hide them; "–" when it was not measured.
     */
    static String figure(Series series, String name) {
        return Units.better(name) == Units.Better.NONE
                ? Units.plain(total(series, name))
                : Units.plain(of(series, name).median);
    }

    /** The range of the rounds as {@code 1.20 … 1.31}; "" for failures and when there are not two rounds. */
    static String spread(Series series, String name) {
        Summary summary = of(series, name);
        return summary.rounds < 2 || Units.better(name) == Units.Better.NONE
                ? ""
                : Units.plain(summary.least) + " … " + Units.plain(summary.most);
    }
}

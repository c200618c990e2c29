package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Histograms;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * A series' latency over percentiles: at each, the median over the rounds and their range, in milliseconds. Point i is
 * at {@link #odds}(i) = 1/(1-p), so that equal steps lead from 90 to 99 and from 99 to 99.9. A curve ends where the
 * shortest round has no request left beyond the percentile: what follows would be the maximum under another name.
 */
record Curve(String variant, double[] middle, double[] least, double[] most) {
    private static final int PER_DECADE = 20;
    private static final int POINTS = 5 * PER_DECADE + 1;
    private static final double NANOS_PER_MS = 1e6;

    /** One in how many requests is slower than point {@code i}. */
    static double odds(int i) {
        return Math.pow(10, (double) i / PER_DECADE);
    }

    /** The curves of those of {@code series} that have histogram {@code name} in a round that counts. */
    static List<Curve> of(List<Series> series, String name) {
        List<Curve> curves = new ArrayList<>();
        for (Series s : series) {
            List<double[]> rounds = new ArrayList<>();
            for (Round round : s.rounds()) {
                String text = round.histograms().get(name);
                if (round.counts() && text != null) {
                    double[] points = points(Histograms.decode(text));
                    if (points.length > 0) {
                        rounds.add(points);
                    }
                }
            }
            if (!rounds.isEmpty()) {
                curves.add(over(s.variant(), rounds));
            }
        }
        return curves;
    }

    private static Curve over(String variant, List<double[]> rounds) {
        int length = rounds.stream().mapToInt(r -> r.length).min().orElseThrow();
        double[] middle = new double[length];
        double[] least = new double[length];
        double[] most = new double[length];
        for (int i = 0; i < length; i++) {
            int at = i;
            double[] values = rounds.stream().mapToDouble(r -> r[at]).sorted().toArray();
            middle[i] = Bootstrap.medianOf(values);
            least[i] = values[0];
            most[i] = values[values.length - 1];
        }
        return new Curve(variant, middle, least, most);
    }

    /** Milliseconds at each point that the histogram is long enough for, in one pass over its buckets. */
    private static double[] points(Histogram histogram) {
        long count = histogram.getTotalCount();
        int length = 0;
        while (length < POINTS && odds(length) <= count) {
            length++;
        }
        double[] points = new double[length];
        int next = 0;
        for (var bucket : histogram.recordedValues()) {
            long upTo = bucket.getTotalCountToThisValue();
            while (next < length && Math.max(1, Math.ceil(count * (1 - 1 / odds(next)))) <= upTo) {
                // A log scale has no zero; below the histogram's resolution is all that a 0 says.
                points[next++] = Math.max(1, bucket.getValueIteratedTo()) / NANOS_PER_MS;
            }
        }
        return points;
    }
}

package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;
import java.util.Arrays;

/**
 * Two medians and the interval of their ratio, or, where one is not positive and a ratio would say nothing, of their
 * difference (added latency may be below zero, a pause may be none).
 */
record Medians(double before, double after, boolean asRatio, double lowest, double highest, boolean apart) {
    /** With fewer rounds on a side than this, ranges of equal runs are disjoint too often for that to say anything. */
    private static final int MANY = 7;

    static Medians of(double[] before, double[] after, double tail) {
        double a = Bootstrap.medianOf(before);
        double b = Bootstrap.medianOf(after);
        boolean ratio = positive(before) && positive(after);
        Bootstrap.Interval interval =
                Bootstrap.ofMedians(before, after, tail, ratio ? (x, y) -> y / x : (x, y) -> y - x);
        return new Medians(a, b, ratio, interval.low(), interval.high(), apart(before, after));
    }

    /**
     * True when the whole interval is away from "the same", the medians differ by more than {@code floor}, and the rounds
     * are many or their ranges far apart.
     */
    boolean differ(double floor) {
        double same = asRatio ? 1 : 0;
        boolean away = lowest > same || highest < same;
        return away && apart && Math.abs(after - before) > floor * Math.max(Math.abs(before), Math.abs(after));
    }

    /** Lower end of the ratio's interval; NaN when it is the difference that was judged. */
    double low() {
        return asRatio ? lowest : Double.NaN;
    }

    double high() {
        return asRatio ? highest : Double.NaN;
    }

    /**
     * Few rounds must not only be disjoint but lie further apart than either range is wide: of two equal runs, that is so
     * for about 1 % of the values with 3 rounds a side, under 0.1 % with 4 (disjoint alone: 10 % and 3 %).
     */
    private static boolean apart(double[] before, double[] after) {
        if (Math.min(before.length, after.length) >= MANY) {
            return true;
        }
        double[] a = Arrays.stream(before).sorted().toArray();
        double[] b = Arrays.stream(after).sorted().toArray();
        double width = Math.max(a[a.length - 1] - a[0], b[b.length - 1] - b[0]);
        return Math.max(b[0] - a[a.length - 1], a[0] - b[b.length - 1]) > width;
    }

    private static boolean positive(double[] values) {
        for (double value : values) {
            if (value <= 0) {
                return false;
            }
        }
        return true;
    }
}

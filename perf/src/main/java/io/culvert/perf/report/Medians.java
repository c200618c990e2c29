package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;

/**
 * Two medians and the interval of their ratio, or, where one is not positive and a ratio would say nothing, of their
 * difference (added latency may be below zero, a pause may be none).
 */
record Medians(double before, double after, boolean asRatio, double lowest, double highest) {
    static Medians of(double[] before, double[] after, double tail) {
        double a = Bootstrap.medianOf(before);
        double b = Bootstrap.medianOf(after);
        boolean ratio = positive(before) && positive(after);
        Bootstrap.Interval interval =
                Bootstrap.ofMedians(before, after, tail, ratio ? (x, y) -> y / x : (x, y) -> y - x);
        return new Medians(a, b, ratio, interval.low(), interval.high());
    }

    /** True when the whole interval is away from "the same" and the medians differ by more than {@code floor}. */
    boolean differ(double floor) {
        double same = asRatio ? 1 : 0;
        boolean away = lowest > same || highest < same;
        return away && Math.abs(after - before) > floor * Math.max(Math.abs(before), Math.abs(after));
    }

    /** Lower end of the ratio's interval; NaN when it is the difference that was judged. */
    double low() {
        return asRatio ? lowest : Double.NaN;
    }

    double high() {
        return asRatio ? highest : Double.NaN;
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

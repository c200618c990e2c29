package io.culvert.perf.result;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;

/**
 * Percentile bootstrap of the median: 10,000 resamples, seeded, so that the same rounds always give the same interval.
 *
 * <p>Of few values the plain percentile bootstrap is too sure of itself (with 7 values its 95 % interval of the median
 * covers 87 %), because a resample varies less than a fresh sample would. The tails are therefore narrowed by the
 * factor by which a t interval with the unbiased deviation is wider than a normal one with the biased one; beyond some
 * 30 values that changes nothing. With 7 values the interval is then their range, with 9 it leaves out one on each side.
 * Below 6 values no interval of the median can reach 95 %: it is their range, and the caller has to say so.
 *
 * <p>Any thread.
 */
public final class Bootstrap {
    /** Where every interval's generator starts; printed in the reports. */
    public static final long SEED = 20_250_829L;

    /** How often the rounds are drawn anew. */
    public static final int RESAMPLES = 10_000;

    /** Fewer values than this cannot carry a 95 % interval of their median. */
    public static final int FEWEST = 6;

    /** A median, and the interval that is known to hold it; one value gives three equal figures. */
    public record Interval(double value, double low, double high) {}

    private static final double TAIL = 0.025;

    private Bootstrap() {}

    /**
     * The median of {@code values} with its 95 % interval.
     *
     * @throws IllegalArgumentException without values, or with one that is not a number
     */
    public static Interval median(double[] values) {
        double[] sorted = sorted(values);
        double[] medians = resample(sorted, new SplittableRandom(SEED));
        Arrays.sort(medians);
        double tail = narrowed(TAIL, sorted.length);
        return new Interval(medianOfSorted(sorted), quantile(medians, tail), quantile(medians, 1 - tail));
    }

    /**
     * What {@code figure} makes of the medians of {@code a} and {@code b}, with an interval that leaves {@code tail} out
     * on each side. The samples are resampled independently: no pairing.
     *
     * @throws IllegalArgumentException without values, or with one that is not a number
     */
    public static Interval ofMedians(double[] a, double[] b, double tail, DoubleBinaryOperator figure) {
        double[] sortedA = sorted(a);
        double[] sortedB = sorted(b);
        SplittableRandom random = new SplittableRandom(SEED);
        double[] medians = resample(sortedA, random);
        double[] other = resample(sortedB, random);
        for (int i = 0; i < medians.length; i++) {
            medians[i] = figure.applyAsDouble(medians[i], other[i]);
        }
        Arrays.sort(medians);
        double narrow = narrowed(tail, Math.min(a.length, b.length));
        return new Interval(
                figure.applyAsDouble(medianOfSorted(sortedA), medianOfSorted(sortedB)),
                quantile(medians, narrow),
                quantile(medians, 1 - narrow));
    }

    /** The median of {@code values}; NaN of none. */
    public static double medianOf(double[] values) {
        return values.length == 0 ? Double.NaN : medianOfSorted(sorted(values));
    }

    private static double[] sorted(double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("no values to take the median of");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        if (Double.isNaN(sorted[sorted.length - 1])) {
            throw new IllegalArgumentException("a value is NaN; leave out what was not measured");
        }
        return sorted;
    }

    private static double[] resample(double[] sorted, SplittableRandom random) {
        double[] medians = new double[RESAMPLES];
        int[] drawn = new int[sorted.length];
        for (int i = 0; i < RESAMPLES; i++) {
            Arrays.fill(drawn, 0);
            for (int k = 0; k < drawn.length; k++) {
                drawn[random.nextInt(drawn.length)]++;
            }
            medians[i] = (drawn(sorted, drawn, (drawn.length - 1) / 2) + drawn(sorted, drawn, drawn.length / 2)) / 2;
        }
        return medians;
    }

    /** The value at {@code rank} of a sample that has each of {@code sorted} as often as {@code times} says. */
    private static double drawn(double[] sorted, int[] times, int rank) {
        int at = 0;
        for (int seen = times[0]; seen <= rank; seen += times[at]) {
            at++;
        }
        return sorted[at];
    }

    private static double medianOfSorted(double[] sorted) {
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** The nearest-rank quantile: always one of the values, so that an interval never leaves the range. */
    private static double quantile(double[] sorted, double p) {
        int index = (int) Math.floor(p * sorted.length);
        return sorted[Math.clamp(index, 0, sorted.length - 1)];
    }

    /** The tail of a resampling distribution that stands for {@code tail} when there are {@code n} values. */
    static double narrowed(double tail, int n) {
        if (n < FEWEST) {
            return 0;
        }
        double z = -Normal.quantile(tail);
        double nu = n - 1;
        // Student's quantile out of the normal one, Cornish and Fisher's expansion.
        double t = z
                + (Math.pow(z, 3) + z) / (4 * nu)
                + (5 * Math.pow(z, 5) + 16 * Math.pow(z, 3) + 3 * z) / (96 * nu * nu)
                + (3 * Math.pow(z, 7) + 19 * Math.pow(z, 5) + 17 * Math.pow(z, 3) - 15 * z) / (384 * nu * nu * nu);
        return Normal.below(-Math.sqrt(n / nu) * t);
    }
}

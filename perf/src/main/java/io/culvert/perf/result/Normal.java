package io.culvert.perf.result;

/** The standard normal distribution, to five digits: enough for the tail of ten thousand resamples. Any thread. */
final class Normal {
    private Normal() {}

    /** The probability of a value below {@code x}: the Taylor series near zero, a continued fraction in the tails. */
    static double below(double x) {
        double size = Math.abs(x);
        if (size > 38) {
            return x < 0 ? 0 : 1;
        }
        double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        double upper;
        if (size < 3) {
            double term = size;
            double sum = size;
            for (int k = 1; Math.abs(term) > 1e-15; k++) {
                term *= size * size / (2 * k + 1);
                sum += term;
            }
            upper = 0.5 - density * sum;
        } else {
            double fraction = size;
            for (int k = 60; k >= 1; k--) {
                fraction = size + k / fraction;
            }
            upper = density / fraction;
        }
        return x < 0 ? upper : 1 - upper;
    }

    /** The x whose {@link #below} is {@code p}, for 0 &lt; p &lt; 1; by bisection, which is asked for seldom. */
    static double quantile(double p) {
        double low = -39;
        double high = 39;
        for (int i = 0; i < 100; i++) {
            double middle = (low + high) / 2;
            if (below(middle) < p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }
}

package io.culvert.perf.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BootstrapTest {
    private static final long SEED = 41;

    @Test
    void knowsTheNormalDistribution() {
        assertThat(Normal.below(0)).isEqualTo(0.5);
        assertThat(Normal.below(-1.959964)).isCloseTo(0.025, within(1e-7));
        assertThat(Normal.below(1)).isCloseTo(0.8413447, within(1e-7));
        assertThat(Normal.below(-3.5)).isCloseTo(2.326e-4, within(1e-7));
        assertThat(Normal.quantile(0.975)).isCloseTo(1.959964, within(1e-6));
        assertThat(Normal.quantile(0.0005)).isCloseTo(-3.290527, within(1e-5));
    }

    @Test
    void narrowsTheTailByStudentsQuantile() {
        // With 6 degrees of freedom Student's 97.5 % quantile is 2.4469: the normal one of sqrt(7/6) times that.
        assertThat(Bootstrap.narrowed(0.025, 7)).isCloseTo(Normal.below(-Math.sqrt(7 / 6.0) * 2.4469), within(5e-5));
        assertThat(Bootstrap.narrowed(0.025, 11)).isCloseTo(Normal.below(-Math.sqrt(1.1) * 2.2281), within(5e-5));
        assertThat(Bootstrap.narrowed(0.025, 1000)).isCloseTo(0.025, within(2e-4));
    }

    @Test
    void takesTheMiddleValueOrTheMeanOfTheTwo() {
        assertThat(Bootstrap.medianOf(new double[] {9, 1, 5})).isEqualTo(5);
        assertThat(Bootstrap.medianOf(new double[] {9, 1, 5, 7})).isEqualTo(6);
        assertThat(Bootstrap.medianOf(new double[] {})).isNaN();
    }

    @Test
    void givesOneValueAsItsOwnInterval() {
        assertThat(Bootstrap.median(new double[] {3})).isEqualTo(new Bootstrap.Interval(3, 3, 3));
    }

    @Test
    void givesTheRangeOfSevenAndTheSecondOutermostOfNine() {
        assertThat(Bootstrap.median(new double[] {7, 1, 6, 2, 5, 3, 4})).isEqualTo(new Bootstrap.Interval(4, 1, 7));
        assertThat(Bootstrap.median(new double[] {7, 1, 9, 6, 2, 8, 5, 3, 4}))
                .isEqualTo(new Bootstrap.Interval(5, 2, 8));
    }

    @Test
    void givesTheSameIntervalEveryTimeAndInAnyOrder() {
        double[] values = {4.2, 4.8, 3.9, 4.4, 5.6, 4.1, 4.0, 4.3, 4.9, 4.6};
        double[] turned = {4.6, 4.9, 4.3, 4.0, 4.1, 5.6, 4.4, 3.9, 4.8, 4.2};
        assertThat(Bootstrap.median(values)).isEqualTo(Bootstrap.median(turned)).isEqualTo(Bootstrap.median(values));
    }

    @Test
    void refusesNoValuesAndNaN() {
        assertThatThrownBy(() -> Bootstrap.median(new double[] {})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Bootstrap.median(new double[] {1, Double.NaN}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NaN");
    }

    @ParameterizedTest(name = "{0} rounds")
    @ValueSource(ints = {7, 9, 11, 21})
    void coversTheTrueMedianAboutNinetyFiveTimesInAHundred(int rounds) {
        System.out.println("coverage of the median's interval, seed " + SEED);
        assertThat(coverage(rounds, r -> r.nextDouble())).isBetween(0.92, 0.995);
        // A latency's shape: skewed, with a long tail.
        assertThat(coverage(rounds, r -> Math.exp(2 * Normal.quantile(r.nextDouble(1e-9, 1))) - 0.5))
                .isBetween(0.92, 0.995);
    }

    @Test
    void seldomFindsAWorseMedianWhereThereIsNone() {
        System.out.println("false alarms of the comparison, seed " + SEED);
        SplittableRandom random = new SplittableRandom(SEED);
        int alarms = 0;
        int found = 0;
        for (int trial = 0; trial < 200; trial++) {
            double[] a = new double[7];
            double[] same = new double[7];
            double[] worse = new double[7];
            for (int i = 0; i < 7; i++) {
                a[i] = 10 + random.nextDouble();
                same[i] = 10 + random.nextDouble();
                worse[i] = 11.5 + random.nextDouble();
            }
            Bootstrap.Interval none = Bootstrap.ofMedians(a, same, 0.0005, (x, y) -> y / x);
            Bootstrap.Interval some = Bootstrap.ofMedians(a, worse, 0.0005, (x, y) -> y / x);
            alarms += none.low() > 1 || none.high() < 1 ? 1 : 0;
            found += some.low() > 1 ? 1 : 0;
        }
        assertThat(alarms).isLessThanOrEqualTo(2);
        assertThat(found).isEqualTo(200);
    }

    /** How often the interval of {@code rounds} draws holds the median that half of all draws are below. */
    private static double coverage(int rounds, ToDoubleFunction<SplittableRandom> draw) {
        SplittableRandom random = new SplittableRandom(SEED);
        int trials = 400;
        int held = 0;
        double median = 0.5;
        for (int trial = 0; trial < trials; trial++) {
            double[] values = new double[rounds];
            for (int i = 0; i < rounds; i++) {
                values[i] = draw.applyAsDouble(random);
            }
            Bootstrap.Interval interval = Bootstrap.median(values);
            held += interval.low() <= median && median <= interval.high() ? 1 : 0;
        }
        return (double) held / trials;
    }
}

package io.culvert.perf.report;

import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;

/**
 * One value of one series in two runs.
 *
 * @param before median in the first, for failures the total
 * @param after median in the second
 * @param low lower end of the interval of after/before, NaN when there is none
 * @param high its upper end
 */
record Comparison(String name, double before, double after, double low, double high, Change change) {
    enum Change {
        BETTER("better"),
        WORSE("worse"),
        NONE("no difference beyond the noise"),
        DIFFERENT("differs"),
        UNKNOWN("cannot tell: too few rounds");

        private final String text;

        Change(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    /** A smaller change than this is none: between two runs more varies than within one. */
    static final double FLOOR = 0.02;

    /** Two rounds on a side show no noise to speak of. */
    private static final int FEWEST = 3;

    /** @param tail how much of the resampled ratios the interval leaves out on each side */
    static Comparison of(String name, Series a, Series b, double tail) {
        if (Units.better(name) == Units.Better.NONE) {
            return failures(name, Summary.total(a, name), Summary.total(b, name));
        }
        double[] before = Summary.values(a, name);
        double[] after = Summary.values(b, name);
        Medians medians = Medians.of(before, after, tail);
        boolean few = Math.min(before.length, after.length) < FEWEST;
        Change change = few
                ? (medians.before() == medians.after() ? Change.NONE : Change.UNKNOWN)
                : change(medians, Units.better(name));
        double unknown = Double.NaN;
        return new Comparison(
                name,
                medians.before(),
                medians.after(),
                few ? unknown : medians.low(),
                few ? unknown : medians.high(),
                change);
    }

    private static Change change(Medians medians, Units.Better better) {
        if (!medians.differ(FLOOR)) {
            return Change.NONE;
        }
        boolean grew = medians.after() > medians.before();
        return switch (better) {
            case LESS, NONE -> grew ? Change.WORSE : Change.BETTER;
            case MORE -> grew ? Change.BETTER : Change.WORSE;
            case NEITHER -> Change.DIFFERENT;
        };
    }

    /** Where there were none, one is worse; otherwise by 3.3 standard deviations of the difference of two counts. */
    private static Comparison failures(String name, double before, double after) {
        double difference = after - before;
        boolean beyond = before == 0 || difference * difference > 11 * (before + after);
        Change change = difference == 0 || !beyond ? Change.NONE : difference > 0 ? Change.WORSE : Change.BETTER;
        return new Comparison(name, before, after, Double.NaN, Double.NaN, change);
    }

    /** The ratio for people: {@code ×1.12 [1.08 … 1.17]}. */
    String ratio() {
        if (before <= 0 || after < 0 || Double.isNaN(after)) {
            return "";
        }
        String interval = Double.isNaN(low) ? "" : " [" + Units.plain(low) + " … " + Units.plain(high) + "]";
        return "×" + Units.plain(after / before) + interval;
    }
}

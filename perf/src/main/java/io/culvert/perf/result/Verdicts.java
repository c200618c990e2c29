package io.culvert.perf.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Holds targets against what was measured. A row is met when its whole interval is on the right side of the bound, not
 * met when all of it is on the wrong side, and otherwise too noisy to tell. The seed is {@link Bootstrap#SEED}. Any
 * thread.
 */
public final class Verdicts {
    private static final String ADDED = "added:";
    private static final String DIRECT = "direct";

    private final List<Series> series;
    private final boolean quick;

    private Verdicts(List<Series> series, boolean quick) {
        this.series = series;
        this.quick = quick;
    }

    /** One row for each target, in their order; {@code quick} rows have figures but no verdict. */
    public static List<Row> judge(List<Target> targets, List<Series> series, boolean quick) {
        Verdicts verdicts = new Verdicts(series, quick);
        List<Row> rows = new ArrayList<>();
        for (Target target : targets) {
            rows.add(verdicts.judge(target));
        }
        return List.copyOf(rows);
    }

    /** Values by rotation, how many rotations there were, and why there is none ("" when there is one). */
    private record Paired(Map<Integer, Double> values, int rotations, String missing) {
        static Paired missing(String why) {
            return new Paired(Map.of(), 0, why);
        }
    }

    private Row judge(Target target) {
        Paired figures = figures(target);
        if (figures.values.isEmpty()) {
            return new Row(target, Double.NaN, Double.NaN, Double.NaN, Verdict.NOT_MEASURED, figures.missing);
        }
        double[] values = new double[figures.values.size()];
        int i = 0;
        for (double value : figures.values.values()) {
            values[i++] = value;
        }
        Bootstrap.Interval interval = Bootstrap.median(values);
        boolean unknown = values.length == 1 && figures.rotations > 1;
        double low = unknown ? Double.NaN : interval.low();
        double high = unknown ? Double.NaN : interval.high();
        return new Row(
                target,
                interval.value(),
                low,
                high,
                verdict(target, low, high),
                basis(values.length, figures.rotations) + direction(target, interval));
    }

    private Verdict verdict(Target target, double low, double high) {
        if (quick) {
            return Verdict.NO_VERDICT;
        }
        double worst = target.atMost() ? high : -low;
        double best = target.atMost() ? low : -high;
        double bound = target.atMost() ? target.bound() : -target.bound();
        if (worst <= bound) {
            return Verdict.MET;
        }
        // An unknown interval is NaN, which is on neither side.
        return best > bound ? Verdict.NOT_MET : Verdict.TOO_NOISY;
    }

    private static String basis(int used, int rotations) {
        String all = rotations == used ? "" : " of " + rotations + " (the others are void or lack the value)";
        if (used == 1) {
            return rotations == 1 ? "one round" : "one rotation" + all + ": no interval";
        }
        return used + " rotations" + all + (used < Bootstrap.FEWEST ? ": the range, too few for a 95 % interval" : "");
    }

    private static String direction(Target target, Bootstrap.Interval interval) {
        boolean right = target.atMost() ? interval.value() <= target.bound() : interval.value() >= target.bound();
        return String.format(
                Locale.ROOT, "; median on the %s side of %s", right ? "right" : "wrong", Units.round(target.bound()));
    }

    private Paired figures(Target target) {
        Paired of = metric(target, target.topology(), target.variant());
        if (target.kind() == Kind.ABSOLUTE || of.values.isEmpty()) {
            return of;
        }
        String topology = target.baseTopology().isEmpty() ? target.topology() : target.baseTopology();
        Paired base = metric(target, topology, target.base());
        if (base.values.isEmpty()) {
            return base;
        }
        return combine(of, base, target.kind(), target.variant() + " and " + target.base());
    }

    private Paired metric(Target target, String topology, String variant) {
        boolean added = target.metric().startsWith(ADDED);
        String name = added ? target.metric().substring(ADDED.length()) : target.metric();
        Series found = find(target.suite(), target.load(), topology, variant);
        if (found == null) {
            return Paired.missing("no series " + target.suite() + "/" + target.load() + "/" + topology + "/" + variant);
        }
        Paired of = values(found, name);
        if (!added || of.values.isEmpty()) {
            return of;
        }
        Series direct = find(target.suite(), target.load(), topology, DIRECT);
        if (direct == null) {
            direct = find(target.suite(), target.load(), DIRECT, DIRECT);
        }
        if (direct == null) {
            return Paired.missing("no series " + target.suite() + "/" + target.load() + "/" + topology
                    + "/direct to hold " + name + " of " + variant + " against");
        }
        Paired base = values(direct, name);
        return base.values.isEmpty() ? base : combine(of, base, Kind.DIFFERENCE, variant + " and direct");
    }

    private @Nullable Series find(String suite, String load, String topology, String variant) {
        for (Series s : series) {
            if (s.suite().equals(suite)
                    && s.load().equals(load)
                    && s.topology().equals(topology)
                    && s.variant().equals(variant)) {
                return s;
            }
        }
        return null;
    }

    private static Paired values(Series series, String name) {
        Map<Integer, Double> values = new TreeMap<>();
        int voided = 0;
        for (Round round : series.rounds()) {
            Double value = round.values().get(name);
            if (!round.counts()) {
                voided++;
            } else if (value != null && Double.isFinite(value)) {
                values.put(round.rotation(), value);
            }
        }
        String missing = series.name() + " has no " + name + " in "
                + series.rounds().size() + " rounds, " + voided + " of them void";
        return new Paired(values, series.rounds().size(), missing);
    }

    private static Paired combine(Paired of, Paired base, Kind kind, String who) {
        Map<Integer, Double> values = new TreeMap<>();
        for (Map.Entry<Integer, Double> entry : of.values.entrySet()) {
            Double other = base.values.get(entry.getKey());
            if (other == null) {
                continue;
            }
            double value = kind == Kind.RATIO ? entry.getValue() / other : entry.getValue() - other;
            if (Double.isFinite(value)) {
                values.put(entry.getKey(), value);
            }
        }
        return new Paired(
                values,
                Math.max(of.rotations, base.rotations),
                "no rotation in which both " + who + " count" + (kind == Kind.RATIO ? " and the base is not 0" : ""));
    }
}

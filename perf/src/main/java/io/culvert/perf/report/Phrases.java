package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Gap;
import io.culvert.perf.result.Row;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Target;
import io.culvert.perf.result.Units;
import io.culvert.perf.result.Verdict;
import java.util.ArrayList;
import java.util.List;

/** Sentences that Markdown and the page share, so that they cannot say different things. Plain text, any thread. */
final class Phrases {
    private Phrases() {}

    static String verdict(Verdict verdict) {
        return switch (verdict) {
            case MET -> "met";
            case NOT_MET -> "not met";
            case TOO_NOISY -> "too noisy to tell";
            case NO_VERDICT -> "no verdict";
            case NOT_MEASURED -> "not measured";
        };
    }

    /** The figure with its interval: {@code 0.58 [0.55 … 0.61]}. */
    static String figure(Row row) {
        if (Double.isNaN(row.value())) {
            return "–";
        }
        String interval = Double.isNaN(row.low())
                ? " [unknown]"
                : row.low() == row.high() ? "" : " [" + Units.plain(row.low()) + " … " + Units.plain(row.high()) + "]";
        return withUnit(Units.plain(row.value()), row.target().unit()) + interval;
    }

    static String bound(Target target) {
        return (target.atMost() ? "≤ " : "≥ ") + withUnit(Units.round(target.bound()), target.unit());
    }

    /** What is held against what: {@code culvert over haproxy-tls, cpu per request}. */
    static String against(Target target) {
        String metric = target.metric().startsWith("added:")
                ? "added " + Units.title(target.metric().substring("added:".length()))
                : Units.title(target.metric());
        String base = target.base() + (target.baseTopology().isEmpty() ? "" : " in " + target.baseTopology());
        String who = switch (target.kind()) {
            case RATIO -> target.variant() + " over " + base;
            case DIFFERENCE -> target.variant() + " less " + base;
            case ABSOLUTE -> target.variant();
        };
        return who + ", " + metric + "; " + target.suite() + " · " + target.load() + " · " + target.topology();
    }

    static String reference(Target target) {
        Double reference = target.reference();
        return reference == null ? "–" : Units.round(reference);
    }

    static String gap(Gap gap) {
        return gap.series() + ": " + gap.what() + " should be " + Units.plain(gap.expected()) + ", the agents counted "
                + Units.plain(gap.seen());
    }

    /** The first thing to know of a run. */
    static String outcome(BenchRun run) {
        if (!run.gaps().isEmpty()) {
            return "This run does not count: the agents' own counters and the load that was sent disagree.";
        }
        if (run.quick()) {
            return "A quick run: too short for a verdict.";
        }
        if (run.rows().isEmpty()) {
            return "No target was held against this run.";
        }
        long met = count(run, Verdict.MET);
        StringBuilder text = new StringBuilder(met + " of " + run.rows().size() + " targets met");
        for (Verdict other : List.of(Verdict.NOT_MET, Verdict.TOO_NOISY, Verdict.NOT_MEASURED)) {
            if (count(run, other) > 0) {
                text.append(", ").append(count(run, other)).append(' ').append(verdict(other));
            }
        }
        return text.append('.').toString();
    }

    static String method() {
        return "Figures are medians over rotations; a ratio, a difference and added latency pair rounds of the same"
                + " rotation. Intervals are 95 % percentile-bootstrap intervals of the median (" + Bootstrap.RESAMPLES
                + " resamples, seed " + Bootstrap.SEED + ", tails narrowed for few rounds); a row is met when its whole"
                + " interval is on the right side of the bound.";
    }

    /** What must not be overlooked in a group: void rounds and failures, one line each; void rounds enter no figure. */
    static List<String> warnings(Group group) {
        List<String> lines = new ArrayList<>();
        for (Series s : group.series()) {
            String failures = Summary.failures(s);
            if (!failures.isEmpty()) {
                lines.add(s.variant() + ": " + failures + " in "
                        + rounds(s.rounds().size()));
            }
            s.rounds().stream()
                    .filter(r -> !r.counts())
                    .forEach(r -> lines.add(s.variant() + ": rotation " + r.rotation() + " is void: " + r.voided()));
        }
        return lines;
    }

    /** {@code cpu per request, µs}. */
    static String label(String valueName) {
        String unit = Units.of(valueName);
        return Units.title(valueName) + (unit.isEmpty() ? "" : ", " + unit);
    }

    static String rounds(long count) {
        return count + (count == 1 ? " round" : " rounds");
    }

    private static String withUnit(String figure, String unit) {
        return unit.isEmpty() ? figure : figure + " " + unit;
    }

    private static long count(BenchRun run, Verdict verdict) {
        return run.rows().stream().filter(r -> r.verdict() == verdict).count();
    }
}

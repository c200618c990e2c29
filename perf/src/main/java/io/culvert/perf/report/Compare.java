package io.culvert.perf.report;

import io.culvert.perf.result.BenchFileException;
import io.culvert.perf.result.BenchJson;
import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Environment;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What changed between two runs beyond the noise of their rounds. With hundreds of values compared, a 95 % interval for
 * each would find several changes that are none; the interval of each is therefore the wider the more are compared, so
 * that of comparisons of equal runs about one in twenty finds anything. The resamples bound that at 99.9 % a value; of
 * values that did not change, some 3 in 10,000 are then said to. Owned by one thread.
 */
public final class Compare {
    /** Nothing got worse. */
    public static final int SAME = 0;
    /** Some value got worse. */
    public static final int WORSE = 1;
    /** A file is missing, broken or not ours. */
    public static final int BAD_FILE = 65;

    private static final double SMALLEST_TAIL = 5.0 / Bootstrap.RESAMPLES;

    private final BenchRun a;
    private final BenchRun b;
    private final PrintStream out;
    private final Set<String> changedPeers = new TreeSet<>();
    private int worse;
    private int better;

    private Compare(BenchRun a, BenchRun b, PrintStream out) {
        this.a = a;
        this.b = b;
        this.out = out;
    }

    /**
     * Prints what is different in {@code b}, value by value.
     *
     * @return the exit code: 0, 1 when something got worse, 65 when a file is bad (said on {@code out})
     */
    public static int run(Path a, Path b, PrintStream out) {
        BenchRun before;
        BenchRun after;
        try {
            before = BenchJson.read(a);
            after = BenchJson.read(b);
        } catch (BenchFileException e) {
            out.println(e.getMessage());
            return BAD_FILE;
        }
        out.println("A " + a + ", " + before.environment().startedAt());
        out.println("B " + b + ", " + after.environment().startedAt());
        return new Compare(before, after, out).print();
    }

    private int print() {
        environment();
        gaps("A", a);
        gaps("B", b);
        Map<String, Series> before = byName(a);
        Map<String, Series> after = byName(b);
        int compared = 0;
        for (Series s : before.values()) {
            compared += comparable(s, after.get(s.name())).size();
        }
        double tail = Math.max(0.025 / Math.max(1, compared), SMALLEST_TAIL);
        for (Series s : before.values()) {
            Series other = after.get(s.name());
            if (other != null) {
                series(s, other, tail);
            }
        }
        onlyIn("A", before.keySet(), after.keySet());
        onlyIn("B", after.keySet(), before.keySet());
        out.println();
        if (!changedPeers.isEmpty()) {
            out.println("Not Culvert, and changed as well: " + String.join(", ", changedPeers)
                    + ". Then the machine or the peer is not what it was; run both again, on the same machine.");
        }
        out.printf(
                Locale.ROOT,
                "%d values compared: %d worse, %d better. Intervals of the ratio B/A hold %s %% (seed %d); a change"
                        + " under %.0f %% is none.%n",
                compared,
                worse,
                better,
                Units.plain(100 * (1 - 2 * tail)),
                Bootstrap.SEED,
                100 * Comparison.FLOOR);
        return worse > 0 ? WORSE : SAME;
    }

    private void environment() {
        List<String> lines = new ArrayList<>();
        Environment x = a.environment();
        Environment y = b.environment();
        differs(lines, "culvert", x.culvert(), y.culvert());
        differs(lines, "jdk", x.jdk(), y.jdk());
        differs(lines, "kernel", x.kernel(), y.kernel());
        differs(lines, "cpu", x.cpu(), y.cpu());
        differs(lines, "cores", String.valueOf(x.cores()), String.valueOf(y.cores()));
        differs(lines, "flags", String.join(" ", x.flags()), String.join(" ", y.flags()));
        differs(lines, "quick", String.valueOf(a.quick()), String.valueOf(b.quick()));
        maps(lines, "peer ", x.peers(), y.peers());
        maps(lines, "", x.settings(), y.settings());
        if (!lines.isEmpty()) {
            out.println();
            out.println("Environment that differs:");
            lines.forEach(line -> out.println("  " + line));
        }
    }

    private static void maps(List<String> lines, String prefix, Map<String, String> x, Map<String, String> y) {
        Set<String> names = new TreeSet<>(x.keySet());
        names.addAll(y.keySet());
        for (String name : names) {
            differs(lines, prefix + name, x.getOrDefault(name, "–"), y.getOrDefault(name, "–"));
        }
    }

    private static void differs(List<String> lines, String name, String x, String y) {
        if (!Objects.equals(x, y)) {
            lines.add(name + ": " + x + " -> " + y);
        }
    }

    private void gaps(String which, BenchRun run) {
        run.gaps().forEach(gap -> out.println(which + " does not count: " + Phrases.gap(gap)));
    }

    private void series(Series x, Series y, double tail) {
        List<String> lines = new ArrayList<>();
        for (String name : comparable(x, y)) {
            Comparison c = Comparison.of(name, x, y, tail);
            lines.add(String.format(
                    Locale.ROOT,
                    "  %-36s %10s -> %-10s %-26s %s",
                    Phrases.label(name),
                    Units.plain(c.before()),
                    Units.plain(c.after()),
                    c.ratio(),
                    c.change().text()));
            count(c, x.variant());
        }
        Set<String> mine = measured(x);
        Set<String> theirs = measured(y);
        mine.stream().filter(n -> !theirs.contains(n)).forEach(n -> lines.add("  " + Phrases.label(n) + ": only in A"));
        theirs.stream().filter(n -> !mine.contains(n)).forEach(n -> lines.add("  " + Phrases.label(n) + ": only in B"));
        out.println();
        out.println(x.name() + " (" + rounds(x) + " -> " + rounds(y) + ")");
        lines.forEach(out::println);
    }

    private void count(Comparison comparison, String variant) {
        boolean changed = true;
        switch (comparison.change()) {
            case WORSE -> worse++;
            case BETTER -> better++;
            case NONE, DIFFERENT, UNKNOWN -> changed = false;
        }
        if (changed && !variant.startsWith("culvert")) {
            changedPeers.add(variant);
        }
    }

    private static String rounds(Series series) {
        long counting = series.rounds().stream().filter(r -> r.counts()).count();
        int voided = series.rounds().size() - (int) counting;
        return Phrases.rounds(counting) + (voided == 0 ? "" : ", " + voided + " void");
    }

    private static Set<String> comparable(Series x, @Nullable Series y) {
        if (y == null) {
            return Set.of();
        }
        Set<String> names = measured(x);
        names.retainAll(measured(y));
        return names;
    }

    /** Names with a figure in a round that counts; failures count in any round. */
    private static Set<String> measured(Series series) {
        Set<String> names = new TreeSet<>(Group.BY_TITLE);
        series.rounds().forEach(r -> names.addAll(r.values().keySet()));
        names.removeIf(n -> Units.better(n) != Units.Better.NONE && Summary.values(series, n).length == 0);
        return names;
    }

    private void onlyIn(String which, Collection<String> names, Collection<String> others) {
        List<String> only = names.stream().filter(n -> !others.contains(n)).toList();
        if (!only.isEmpty()) {
            out.println();
            out.println("Only in " + which + ": " + String.join(", ", only));
        }
    }

    private static Map<String, Series> byName(BenchRun run) {
        Map<String, Series> series = new LinkedHashMap<>();
        run.series().forEach(s -> series.put(s.name(), s));
        return series;
    }
}

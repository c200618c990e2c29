package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The variants that met the same load in the same topology: what one chart compares. Immutable.
 *
 * @param baseline the series without a proxy to hold the others against, which may stand in topology {@code direct}
 */
record Group(
        String suite,
        String load,
        String topology,
        List<Series> series,
        @Nullable Series baseline) {
    static final String DIRECT = "direct";

    /** Names as people sort them: p99 before p99.9. */
    static final Comparator<String> BY_TITLE =
            Comparator.comparing(Units::title).thenComparing(Comparator.naturalOrder());

    /** The groups of {@code run} in its order, those with nothing but a baseline last: others show it beside theirs. */
    static List<Group> of(BenchRun run) {
        Map<List<String>, List<Series>> byPlace = new LinkedHashMap<>();
        for (Series s : run.series()) {
            byPlace.computeIfAbsent(List.of(s.suite(), s.load(), s.topology()), k -> new ArrayList<>())
                    .add(s);
        }
        List<Group> groups = new ArrayList<>();
        byPlace.forEach((place, series) -> groups.add(new Group(
                place.get(0), place.get(1), place.get(2), List.copyOf(series), baseline(byPlace, place, series))));
        groups.sort(Comparator.comparing(
                group -> group.series().stream().allMatch(s -> s.variant().equals(DIRECT))));
        return groups;
    }

    private static @Nullable Series baseline(
            Map<List<String>, List<Series>> byPlace, List<String> place, List<Series> series) {
        Series own = direct(series);
        return own != null ? own : direct(byPlace.getOrDefault(List.of(place.get(0), place.get(1), DIRECT), List.of()));
    }

    private static @Nullable Series direct(List<Series> series) {
        for (Series s : series) {
            if (s.variant().equals(DIRECT)) {
                return s;
            }
        }
        return null;
    }

    String title() {
        return suite + " · " + load + " · " + topology;
    }

    /** For file names and anchors: letters, digits, points and dashes only. */
    String slug() {
        return (suite + "-" + load + "-" + topology).replaceAll("[^A-Za-z0-9.-]+", "-");
    }

    /** What is drawn: the series, preceded by a baseline that stands in another topology. */
    List<Series> drawn() {
        if (baseline == null || series.contains(baseline)) {
            return series;
        }
        List<Series> drawn = new ArrayList<>();
        drawn.add(baseline);
        drawn.addAll(series);
        return drawn;
    }

    /** Every value's name that some round has, sorted. */
    Set<String> valueNames() {
        Set<String> names = new TreeSet<>(BY_TITLE);
        series.forEach(s -> s.rounds().forEach(r -> names.addAll(r.values().keySet())));
        return names;
    }

    /**
     * What {@code of} has more of value {@code name} than the baseline, for each rotation in which both count; nothing
     * for the baseline itself and where there is none.
     */
    double[] added(Series of, String name) {
        if (baseline == null || of.variant().equals(DIRECT)) {
            return new double[0];
        }
        Map<Integer, Double> base = new HashMap<>();
        for (Round round : baseline.rounds()) {
            Double value = round.values().get(name);
            if (round.counts() && value != null) {
                base.put(round.rotation(), value);
            }
        }
        return of.rounds().stream()
                .filter(r -> r.counts() && r.values().get(name) != null)
                .mapToDouble(
                        r -> r.values().getOrDefault(name, Double.NaN) - base.getOrDefault(r.rotation(), Double.NaN))
                .filter(Double::isFinite)
                .toArray();
    }

    /** Every histogram's name that some round has, sorted, {@code latency} first. */
    List<String> histogramNames() {
        Set<String> names = new TreeSet<>();
        series.forEach(s -> s.rounds().forEach(r -> names.addAll(r.histograms().keySet())));
        List<String> ordered = new ArrayList<>(names);
        if (ordered.remove("latency")) {
            ordered.addFirst("latency");
        }
        return ordered;
    }
}

package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.load.Marks;
import io.culvert.perf.result.Gap;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The plain suites: each load through each variant, a round each per rotation, the order turned from one rotation to the
 * next. One thread.
 */
final class Plain {
    private static final String SUITE = "plain";
    private static final double WARM_UP_SHARE = 0.25;
    private static final double NOISE = 2;

    private final Cluster cluster;
    private final LoadProgram program;
    private final StreamLoad streams;
    private final Consumer<String> progress;
    private final List<Gap> gaps = new ArrayList<>();

    Plain(Cluster cluster, LoadProgram program, Consumer<String> progress) {
        this.cluster = cluster;
        this.program = program;
        this.streams = new StreamLoad(cluster.directory());
        this.progress = progress;
    }

    List<Gap> gaps() {
        return gaps;
    }

    /**
     * Everything that a JVM does in its first seconds is a suite of its own ({@code cold}), not part of this one. What is
     * not the mesh has no compiler to wait for, and gets a third of the time.
     */
    void warmUp(List<Variant> variants, List<Load> loads, double seconds) throws IOException {
        for (Variant variant : variants) {
            for (Load load : loads) {
                if (variant.serves().test(load.port())) {
                    progress.accept("warm-up " + variant.topology() + " " + variant.name() + " " + load.name());
                    double length = variant.isMesh() ? seconds : seconds / 3;
                    run(variant, load, 0, length, new Meter(variant, cluster.safepoints()));
                }
            }
        }
    }

    /** Rounds of {@code seconds} each; rotations that were too noisy are done again, at most as many as were asked for. */
    List<Series> measure(List<Variant> variants, Load load, int rotations, double seconds) throws IOException {
        List<Variant> served =
                variants.stream().filter(v -> v.serves().test(load.port())).toList();
        List<List<Round>> rounds = new ArrayList<>();
        served.forEach(variant -> rounds.add(new ArrayList<>()));
        List<Round> direct = rounds.getFirst();
        int wanted = rotations;
        for (int rotation = 0; rotation < wanted && rotation < 2 * rotations; rotation++) {
            for (int i = 0; i < served.size(); i++) {
                int turn = (i + rotation) % served.size();
                Variant variant = served.get(turn);
                Round round = round(variant, load, rotation, seconds);
                rounds.get(turn).add(round);
                progress.accept(line(variant, load, rotation + 1, wanted, round));
            }
            wanted = rotations + noisy(direct).size();
        }
        List<Integer> noisy = noisy(direct);
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < served.size(); i++) {
            Variant variant = served.get(i);
            series.add(new Series(
                    SUITE,
                    load.name(),
                    variant.topology(),
                    variant.name(),
                    rounds.get(i).stream().map(round -> voided(round, noisy)).toList()));
        }
        return series;
    }

    private Round round(Variant variant, Load load, int rotation, double seconds) throws IOException {
        cluster.emptyAccessLogs();
        Meter meter = new Meter(variant, cluster.safepoints());
        String name = SUITE + "/" + load.name() + "/" + variant.topology() + "/" + variant.name();
        Audit audit = variant.isMesh() ? new Audit(variant) : null;
        JsonNode answer = run(variant, load, seconds * WARM_UP_SHARE, seconds, meter);
        if (!answer.get("trouble").asText().isEmpty()) {
            progress.accept(name + ": " + answer.get("trouble").asText());
        }
        if (audit != null) {
            gaps.addAll(audit.gaps(name, answer));
        }
        SortedMap<String, String> histograms = new TreeMap<>();
        if (answer.has("latency_histogram")) {
            histograms.put("latency", answer.get("latency_histogram").asText());
        }
        return new Round(rotation, "", meter.values(load, answer), histograms);
    }

    private JsonNode run(Variant variant, Load load, double warmUp, double seconds, Marks marks) throws IOException {
        return load.kind() == Load.Kind.STREAMS
                ? streams.round(variant, load, warmUp, seconds, marks)
                : program.round(load.order(variant, warmUp, seconds), marks);
    }

    /**
     * Rotations in which even the direct way's sender was late: the machine was busy with something else. A sender is
     * late when its p99 is over twice the median of the direct rounds' p99.
     */
    static List<Integer> noisy(List<Round> direct) {
        List<Double> lateness = direct.stream()
                .map(round -> round.values().get("lateness_p99_ms"))
                .filter(value -> value != null)
                .sorted()
                .toList();
        if (lateness.isEmpty()) {
            return List.of();
        }
        double limit = NOISE * (lateness.get((lateness.size() - 1) / 2) + lateness.get(lateness.size() / 2)) / 2;
        return direct.stream()
                .filter(round -> round.values().getOrDefault("lateness_p99_ms", 0.0) > limit)
                .map(Round::rotation)
                .toList();
    }

    private static Round voided(Round round, List<Integer> noisy) {
        return noisy.contains(round.rotation())
                ? new Round(
                        round.rotation(),
                        "the direct way's sender was late by more than twice the usual",
                        round.values(),
                        round.histograms())
                : round;
    }

    private static String line(Variant variant, Load load, int rotation, int rotations, Round round) {
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT, "%s %s %d/%d %s:", variant.topology(), load.name(), rotation, rotations, variant.name()));
        for (String key : List.of(
                "requests_per_s",
                "latency_p50_ms",
                "latency_p99_ms",
                "latency_p999_ms",
                "throughput_gbit",
                "cpu_per_request_us",
                "cpu_user_per_request_us",
                "cpu_per_connection_us",
                "cpu_per_gb_s",
                "pause_longest_ms")) {
            Double value = round.values().get(key);
            if (value != null) {
                line.append(String.format(Locale.ROOT, " %s=%.2f", key, value));
            }
        }
        double errors =
                round.values().getOrDefault("errors", 0.0) + round.values().getOrDefault("lost", 0.0);
        return errors == 0
                ? line.toString()
                : line.append(" ERRORS=").append(Math.round(errors)).toString();
    }
}

package io.culvert.perf.figures;

import io.culvert.lab.Lab;
import io.culvert.lab.LabOptions;
import io.culvert.perf.suite.Launch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Round trip of the tunnel path beside direct: 1,000 requests/s of 1 KiB over 16 connections, open loop, rounds
 * interleaved with their order turned each time. The two paths have the same pods on the same nodes; only one pair's
 * namespace is meshed. Each path has one load program for all its rounds and is warmed up as long as the other: what a
 * JVM does in its first seconds is a figure of its own, not this one.
 */
final class RoundTrip implements Figure {
    private static final int WARM_UP_ROUNDS = 4;
    private static final int ROUNDS = 7;
    private static final String WARM_UP_SECONDS = "2";
    private static final String SECONDS = "5";

    @Override
    public String name() {
        return "roundtrip";
    }

    @Override
    public String title() {
        return "round trip of the tunnel at 1,000 requests/s, 1 KiB, 16 connections, open loop, beside direct";
    }

    @Override
    public List<Row> measure(Consumer<String> progress) throws Exception {
        try (Lab lab = Lab.start(Bench.pairs(), LabOptions.mesh(Launch.shipped()))) {
            Bench.ready(lab);
            try (PodDialogue direct = load(lab, "plain");
                    PodDialogue tunnel = load(lab, "mesh")) {
                progress.accept("warm-up, first round\n  direct " + direct.answer() + "\n  tunnel " + tunnel.answer());
                for (int i = 1; i < WARM_UP_ROUNDS; i++) {
                    progress.accept("warm-up\n  direct " + direct.ask() + "\n  tunnel " + tunnel.ask());
                }
                return rounds(direct, tunnel, progress);
            }
        }
    }

    private static PodDialogue load(Lab lab, String namespace) throws IOException {
        return PodDialogue.start(
                lab.pod("client." + namespace),
                "load",
                lab.pod("server." + namespace).ip4(),
                Integer.toString(Bench.ECHO_PORT),
                "1000",
                "16",
                "1024",
                WARM_UP_SECONDS,
                SECONDS);
    }

    private static List<Row> rounds(PodDialogue direct, PodDialogue tunnel, Consumer<String> progress)
            throws IOException {
        List<String> directRounds = new ArrayList<>();
        List<String> tunnelRounds = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            if (i % 2 == 0) {
                directRounds.add(direct.ask());
                tunnelRounds.add(tunnel.ask());
            } else {
                tunnelRounds.add(tunnel.ask());
                directRounds.add(direct.ask());
            }
            progress.accept("round " + (i + 1) + " of " + ROUNDS + "\n  direct " + directRounds.getLast()
                    + "\n  tunnel " + tunnelRounds.getLast());
        }
        return rows(directRounds, tunnelRounds);
    }

    private static List<Row> rows(List<String> direct, List<String> tunnel) {
        List<Double> directP50 = millis(direct, "latency_us", "p50");
        List<Double> tunnelP50 = millis(tunnel, "latency_us", "p50");
        List<Double> directP99 = millis(direct, "latency_us", "p99");
        List<Double> tunnelP99 = millis(tunnel, "latency_us", "p99");
        double directIdle = Bench.median(millis(direct, "idle_lateness_us", "p99"));
        double tunnelIdle = Bench.median(millis(tunnel, "idle_lateness_us", "p99"));
        double addedP50 = Bench.median(tunnelP50) - Bench.median(directP50);
        double addedP99 = Bench.median(tunnelP99) - Bench.median(directP99);
        double unanswered = 0;
        for (String round : tunnel) {
            unanswered += Bench.number(round, "", "sent") - Bench.number(round, "", "answered");
        }
        return List.of(
                new Row("p50 direct", Bench.spread(directP50, "ms"), "-", true),
                new Row("p50 tunnel", Bench.spread(tunnelP50, "ms"), "-", true),
                new Row("p50 added", format(addedP50), "<= 0.30 ms", addedP50 <= 0.3),
                new Row("p99 direct", Bench.spread(directP99, "ms"), "-", true),
                new Row("p99 tunnel", Bench.spread(tunnelP99, "ms"), "-", true),
                new Row(
                        "p99 of an idle sleeper, direct / tunnel",
                        format(directIdle) + " / " + format(tunnelIdle),
                        "-",
                        true),
                new Row(
                        "p99 added",
                        format(addedP99),
                        "<= 1.00 ms + the idle sleeper's " + format(tunnelIdle),
                        addedP99 <= 1.0 + tunnelIdle),
                new Row("tunnel requests unanswered", Long.toString(Math.round(unanswered)), "0", unanswered == 0));
    }

    private static List<Double> millis(List<String> rounds, String object, String key) {
        return rounds.stream().map(r -> Bench.number(r, object, key) / 1000).toList();
    }

    private static String format(double millis) {
        return String.format(Locale.ROOT, "%.2f ms", millis);
    }
}

package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Environment;
import io.culvert.perf.result.Gap;
import io.culvert.perf.result.Histograms;
import io.culvert.perf.result.Kind;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Target;
import io.culvert.perf.result.Verdicts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** A made-up run that has everything a report must cope with; every figure comes out of one seed. */
final class SampleRun {
    static final long SEED = 7;
    static final int ROUNDS = 9;

    /** A name that would break a page or a table that does not escape. */
    static final String AWKWARD = "own <b>|\"proxy\" & co";

    private SampleRun() {}

    static BenchRun make() {
        return make(SEED, 1, List.of());
    }

    /** @param slower what Culvert's latency and CPU are multiplied by */
    static BenchRun make(long seed, double slower, List<Gap> gaps) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Series> series = new ArrayList<>();
        series.add(series(random, "open-1000", "direct", "direct", 0.18, 0));
        series.add(series(random, "open-1000", "tunnel", "culvert", 0.42 * slower, 60 * slower));
        series.add(series(random, "open-1000", "tunnel", "culvert-x25519", 0.41, 59));
        series.add(series(random, "open-1000", "tunnel", "haproxy-tls", 0.44, 66));
        series.add(series(random, "open-1000", "tunnel", "haproxy-http", 0.56, 81));
        series.add(series(random, "open-1000", "tunnel", "haproxy-tcp", 0.31, 40));
        series.add(series(random, "open-1000", "tunnel", "nginx", 0.49, 74));
        series.add(series(random, "open-1000", "tunnel", "envoy", 0.71, 122));
        series.add(series(random, "open-1000", "tunnel", AWKWARD, 0.9, 140));
        series.add(series(random, "closed-64", "tunnel", "direct", 0.3, 0));
        series.add(series(random, "closed-64", "tunnel", "culvert", 1.1 * slower, 38 * slower));
        series.add(series(random, "closed-64", "tunnel", "haproxy-tls", 1.7, 61));
        series.add(single("idle", "idle-10000", "culvert", Map.of("rss_mib", 151.5, "connections_failed", 0.0)));
        return new BenchRun(environment(), false, series, gaps, Verdicts.judge(targets(), series, false));
    }

    private static List<Target> targets() {
        return List.of(
                target("CPU per request, 64 connections", "closed-64", "cpu_per_request_us", Kind.RATIO, 0.66, 0.95),
                target(
                        "CPU per request at 1,000 requests/s",
                        "open-1000",
                        "cpu_per_request_us",
                        Kind.RATIO,
                        0.91,
                        0.93),
                target("added p99 at 1,000 requests/s", "open-1000", "added:latency_p99_ms", Kind.RATIO, 0.6, 1.0),
                target("added p99.9", "open-1000", "added:latency_p999_ms", Kind.DIFFERENCE, 1, null),
                target("CPU per GB", "bulk", "cpu_per_gb_s", Kind.RATIO, 0.71, 0.71),
                new Target(
                        "RSS with 10,000 idle connections",
                        "idle",
                        "idle-10000",
                        "tunnel",
                        "rss_mib",
                        "culvert",
                        "",
                        "",
                        Kind.ABSOLUTE,
                        165,
                        true,
                        "MiB",
                        null));
    }

    private static Target target(
            String title, String load, String metric, Kind kind, double bound, @Nullable Double reference) {
        return new Target(
                title,
                "plain",
                load,
                "tunnel",
                metric,
                "culvert",
                "haproxy-tls",
                "",
                kind,
                bound,
                true,
                kind == Kind.DIFFERENCE ? "ms" : "",
                reference);
    }

    private static Series series(
            SplittableRandom random, String load, String topology, String variant, double ms, double cpu) {
        List<Round> rounds = new ArrayList<>();
        for (int rotation = 0; rotation < ROUNDS; rotation++) {
            double weather = 1 + 0.05 * random.nextDouble();
            Histogram histogram = latencies(random, ms * weather);
            TreeMap<String, Double> values = new TreeMap<>();
            values.put("latency_p50_ms", histogram.getValueAtPercentile(50) / 1e6);
            values.put("latency_p99_ms", histogram.getValueAtPercentile(99) / 1e6);
            values.put("latency_p999_ms", histogram.getValueAtPercentile(99.9) / 1e6);
            values.put("requests_per_s", 1000 - random.nextDouble());
            values.put("errors", variant.equals("envoy") && rotation == 4 ? 3.0 : 0.0);
            values.put("sender_lateness_p99_ms", 0.05 * weather);
            if (cpu > 0) {
                values.put("cpu_user_per_request_us", cpu * 0.4 * weather);
                values.put("cpu_system_per_request_us", cpu * 0.6 * weather);
                values.put("cpu_per_request_us", cpu * weather);
            }
            values.put("cpu_machine_per_request_us", 50 + cpu * 1.3 * weather);
            String voided = variant.equals("nginx") && rotation == 2 ? "the sender was late: p99 0.9 ms" : "";
            TreeMap<String, String> histograms = new TreeMap<>();
            histograms.put("latency", Histograms.encode(histogram));
            histograms.put("sender_lateness", Histograms.encode(latencies(random, 0.02)));
            rounds.add(new Round(rotation, voided, values, histograms));
        }
        return new Series("plain", load, topology, variant, rounds);
    }

    /** 5,000 requests: a body around {@code ms} and a tail that reaches twenty times as far. */
    private static Histogram latencies(SplittableRandom random, double ms) {
        Histogram histogram = new Histogram(60_000_000_000L, 3);
        for (int i = 0; i < 5000; i++) {
            double body = ms * (0.7 + 0.6 * random.nextDouble());
            double tail = Math.pow(1 - random.nextDouble(), -0.4);
            histogram.recordValue((long) (1e6 * Math.min(body * tail, 20 * ms)));
        }
        return histogram;
    }

    private static Series single(String suite, String load, String variant, Map<String, Double> values) {
        return new Series(
                suite, load, "tunnel", variant, List.of(new Round(0, "", new TreeMap<>(values), new TreeMap<>())));
    }

    private static Environment environment() {
        return new Environment(
                "0.1.0+4c40c1f",
                "25.0.3 (Temurin)",
                "6.12.0",
                "a made-up machine",
                2,
                "2026-01-01T12:00:00Z",
                List.of("-Xmx64m", "-XX:+UseSerialGC"),
                new TreeMap<>(Map.of("haproxy", "2.6.12", "nginx", "1.22.1")),
                new TreeMap<>(Map.of("tls", "1.3", "key", "EC P-256", "groups", "X25519MLKEM768")));
    }
}

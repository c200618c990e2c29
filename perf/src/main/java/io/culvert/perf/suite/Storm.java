package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.measure.PeakMemory;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * New connections as fast as they come, 256 at once, each asked once. What fails is counted and fails nothing: the limits
 * that a storm finds are the machine's too, and its settings stand in the report.
 */
final class Storm implements Suite {
    private static final String NAME = "storm";
    private static final String TUNNEL = "tunnel";
    private static final Load LOAD = Load.connections(256);
    private static final double WARM_UP_SHARE = 0.25;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        try (Cluster cluster =
                        session.cluster(List.of("haproxy-tls", "haproxy-http", "nginx", "envoy"), new TreeMap<>());
                LoadProgram program = LoadProgram.drive()) {
            List<Variant> variants = cluster.variants(TUNNEL).stream()
                    .filter(variant -> variant.serves().test(LOAD.port()))
                    .toList();
            new Plain(cluster, program, session::say).warmUp(variants, List.of(LOAD), session.warmUp());
            List<List<Round>> rounds = new ArrayList<>();
            variants.forEach(variant -> rounds.add(new ArrayList<>()));
            for (int rotation = 0; rotation < session.rotations(); rotation++) {
                for (int i = 0; i < variants.size(); i++) {
                    int turn = (i + rotation) % variants.size();
                    rounds.get(turn).add(round(session, cluster, program, variants.get(turn), rotation));
                }
            }
            List<Series> series = new ArrayList<>();
            for (int i = 0; i < variants.size(); i++) {
                series.add(new Series(NAME, LOAD.name(), TUNNEL, variants.get(i).name(), rounds.get(i)));
            }
            return series;
        }
    }

    private static Round round(Session session, Cluster cluster, LoadProgram program, Variant variant, int rotation)
            throws IOException {
        Meter meter = new Meter(variant, cluster.safepoints());
        PeakMemory.reset(variant.pids());
        JsonNode answer =
                program.round(LOAD.order(variant, session.seconds() * WARM_UP_SHARE, session.seconds()), meter);
        SortedMap<String, Double> values = meter.values(LOAD, answer);
        values.put("resets", answer.get("resets").asDouble());
        for (int i = 0; i < variant.pids().size(); i++) {
            double peak = PeakMemory.mib(variant.pids().get(i));
            values.put("rss_peak_process" + (i + 1) + "_mib", peak);
            values.merge("rss_peak_largest_mib", peak, Math::max);
        }
        session.say(String.format(
                Locale.ROOT,
                "storm %d/%d %s: %.0f connections/s, errors=%.0f of them resets=%.0f, peak RSS %.0f MiB %s",
                rotation + 1,
                session.rotations(),
                variant.name(),
                values.get("requests_per_s"),
                values.get("errors"),
                values.get("resets"),
                values.getOrDefault("rss_peak_largest_mib", 0.0),
                answer.get("trouble").asText()));
        SortedMap<String, String> histograms = new TreeMap<>();
        histograms.put("latency", answer.get("latency_histogram").asText());
        return new Round(rotation, "", values, histograms);
    }
}

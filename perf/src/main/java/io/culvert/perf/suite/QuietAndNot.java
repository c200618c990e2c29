package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Requests through the mesh's tunnel in quiet rounds and in rounds in which something else goes on, in turn. One thread,
 * and one of the disturbance's own.
 */
final class QuietAndNot {
    static final Load LOAD = Load.open(1000, 16);
    static final String MESH = "culvert";
    static final String QUIET = "culvert-quiet";

    private static final String TUNNEL = "tunnel";
    private static final double WARM_UP_SHARE = 0.25;

    /** What goes on: a step, done again and again at its pace while a round lasts. On a thread of its own. */
    interface Disturbance {
        /** Seconds from the beginning of one step to that of the next. */
        double every();

        void step() throws IOException;
    }

    private final String suite;
    private final Session session;
    private final Cluster cluster;
    private final LoadProgram program;
    private final Variant way;

    QuietAndNot(String suite, Session session, Cluster cluster, LoadProgram program) {
        this.suite = suite;
        this.session = session;
        this.cluster = cluster;
        this.program = program;
        this.way = way(cluster);
    }

    /** The mesh's way between two nodes. */
    static Variant way(Cluster cluster) {
        return cluster.variants(TUNNEL).stream()
                .filter(Variant::isMesh)
                .findFirst()
                .orElseThrow();
    }

    /** All rotations: the quiet series first. */
    List<Series> measure(Disturbance disturbance) throws IOException {
        new Plain(cluster, program, session::say).warmUp(List.of(way), List.of(LOAD), session.warmUp());
        List<Round> quiet = new ArrayList<>();
        List<Round> disturbed = new ArrayList<>();
        for (int rotation = 0; rotation < session.rotations(); rotation++) {
            if (rotation % 2 == 0) {
                quiet.add(round(rotation, null, QUIET));
                disturbed.add(round(rotation, disturbance, MESH));
            } else {
                disturbed.add(round(rotation, disturbance, MESH));
                quiet.add(round(rotation, null, QUIET));
            }
        }
        return List.of(
                new Series(suite, LOAD.name(), TUNNEL, QUIET, quiet),
                new Series(suite, LOAD.name(), TUNNEL, MESH, disturbed));
    }

    private Round round(int rotation, @Nullable Disturbance disturbance, String variant) throws IOException {
        Meter meter = new Meter(way, cluster.safepoints());
        Audit audit = new Audit(way);
        String order = LOAD.order(way, session.seconds() * WARM_UP_SHARE, session.seconds());
        JsonNode answer;
        long steps = 0;
        if (disturbance == null) {
            answer = program.round(order, meter);
        } else {
            try (Steps running = new Steps(disturbance)) {
                answer = program.round(order, meter);
                steps = running.stop();
            }
        }
        session.gaps().addAll(audit.gaps(suite + "/" + LOAD.name() + "/" + TUNNEL + "/" + variant, answer));
        SortedMap<String, Double> values = meter.values(LOAD, answer);
        values.put("disturbances", (double) steps);
        SortedMap<String, String> histograms = new TreeMap<>();
        histograms.put("latency", answer.get("latency_histogram").asText());
        session.say(String.format(
                Locale.ROOT,
                "%s %d/%d %s: p50=%.2f p99=%.2f ms errors=%.0f lost=%.0f steps=%d %s",
                suite,
                rotation + 1,
                session.rotations(),
                variant,
                values.get("latency_p50_ms"),
                values.get("latency_p99_ms"),
                values.get("errors"),
                values.get("lost"),
                steps,
                answer.get("trouble").asText()));
        return new Round(rotation, "", values, histograms);
    }
}

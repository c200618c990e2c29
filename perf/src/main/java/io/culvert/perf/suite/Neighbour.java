package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.culvert.perf.load.Marks;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A victim that asks 1,000 times a second beside somebody greedy: a bulk flow, paced or not, in another tunnel (other
 * pods) or in the victim's own (the same pods), and connections in its own tunnel whose reader has stalled. The victim
 * alone stands beside them in each rotation. Two load programs: what delays the victim should be the proxy.
 *
 * <p>A haproxy pair has a connection for each connection, so for it there is no other tunnel and no shared one: its
 * setting is the same pair with the same flows.
 */
final class Neighbour implements Suite {
    static final Load VICTIM = Load.open(1000, 16);
    static final String PACED = "beside-2-gbit";
    static final String UNPACED = "beside-unpaced";
    static final String STALLED = "beside-stalled";
    static final String OTHER_TUNNEL = "other-tunnel";
    static final String SAME_TUNNEL = "same-tunnel";

    private static final String NAME = "neighbour";
    private static final String ALONE = "-alone";
    private static final String TLS_PAIR = "haproxy-tls";
    private static final double LEAST_WARM_UP = 0.5;
    private static final double AHEAD = 0.5;

    /** Who is greedy, and where. */
    private record Setting(String load, String topology, Load greedy) {}

    private static final List<Setting> SETTINGS = List.of(
            new Setting(PACED, OTHER_TUNNEL, Load.paced(2_000_000_000L)),
            new Setting(PACED, SAME_TUNNEL, Load.paced(2_000_000_000L)),
            new Setting(UNPACED, OTHER_TUNNEL, Load.bulk(1)),
            new Setting(UNPACED, SAME_TUNNEL, Load.bulk(1)),
            new Setting(STALLED, SAME_TUNNEL, Load.stalled(4)));

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        Map<String, String> pods = Map.of("client-other", "node-1", "other", "node-2");
        try (Cluster cluster = session.cluster(List.of(TLS_PAIR), pods);
                LoadProgram victim = LoadProgram.drive();
                LoadProgram greedy = LoadProgram.drive()) {
            Run run = new Run(session, cluster, victim, greedy);
            Plain plain = new Plain(cluster, victim, session::say);
            plain.warmUp(run.variants, List.of(VICTIM), session.warmUp());
            Plain other = new Plain(cluster, greedy, session::say);
            other.warmUp(run.variants, List.of(Load.bulk(1)), session.warmUp());
            for (int rotation = 0; rotation < session.rotations(); rotation++) {
                run.rotation(rotation);
            }
            return run.series();
        }
    }

    private static final class Run {
        private final Session session;
        private final Cluster cluster;
        private final LoadProgram victim;
        private final LoadProgram greedy;
        private final List<Variant> variants;
        private final Map<String, List<Round>> alone = new LinkedHashMap<>();
        private final Map<Setting, Map<String, List<Round>>> beside = new LinkedHashMap<>();

        Run(Session session, Cluster cluster, LoadProgram victim, LoadProgram greedy) {
            this.session = session;
            this.cluster = cluster;
            this.victim = victim;
            this.greedy = greedy;
            this.variants = cluster.variants("tunnel").stream()
                    .filter(variant -> !variant.pids().isEmpty())
                    .toList();
        }

        void rotation(int rotation) throws IOException {
            for (int i = 0; i < variants.size(); i++) {
                Variant variant = variants.get((i + rotation) % variants.size());
                alone.computeIfAbsent(variant.name(), name -> new ArrayList<>()).add(round(variant, null, rotation));
                for (Setting setting : SETTINGS) {
                    beside.computeIfAbsent(setting, s -> new LinkedHashMap<>())
                            .computeIfAbsent(variant.name(), name -> new ArrayList<>())
                            .add(round(variant, setting, rotation));
                }
            }
        }

        List<Series> series() {
            List<Series> all = new ArrayList<>();
            beside.forEach((setting, rounds) -> rounds.forEach((variant, of) -> {
                all.add(new Series(NAME, setting.load, setting.topology, variant, of));
                all.add(new Series(
                        NAME, setting.load, setting.topology, variant + ALONE, alone.getOrDefault(variant, List.of())));
            }));
            return all;
        }

        private Round round(Variant variant, @Nullable Setting setting, int rotation) throws IOException {
            double warmUp = Math.max(LEAST_WARM_UP, session.seconds() / 4);
            Meter meter = new Meter(variant, cluster.safepoints());
            Audit audit = variant.isMesh() ? new Audit(variant) : null;
            if (setting != null) {
                Variant way = variant.isMesh() && setting.topology.equals(OTHER_TUNNEL)
                        ? cluster.otherPods(variant)
                        : variant;
                greedy.begin(setting.greedy.order(way, 0, warmUp + session.seconds() + AHEAD));
            }
            JsonNode answer = victim.round(VICTIM.order(variant, warmUp, session.seconds()), meter);
            JsonNode other = setting == null ? null : greedy.answer(Marks.NONE);
            SortedMap<String, Double> values = Meter.answers(answer, true);
            if (variant.isMesh()) {
                values.putAll(meter.pauses(answer));
            }
            if (other != null) {
                beside(values, Objects.requireNonNull(setting), other);
            }
            String what = setting == null ? "alone" : setting.load + " " + setting.topology;
            tell(variant, what, rotation, values, answer, other);
            if (audit != null) {
                String series = NAME + "/" + what.replace(' ', '/') + "/" + variant.name();
                boolean stalled = setting != null && setting.load.equals(STALLED);
                // How much of what a stalled connection was given got through, nobody knows.
                audit.gaps(series, both(answer, other)).stream()
                        .filter(gap -> !stalled || !gap.what().startsWith("bytes"))
                        .forEach(session.gaps()::add);
            }
            SortedMap<String, String> histograms = new TreeMap<>();
            histograms.put("latency", answer.get("latency_histogram").asText());
            return new Round(rotation, "", values, histograms);
        }

        private void tell(
                Variant variant,
                String what,
                int rotation,
                SortedMap<String, Double> values,
                JsonNode answer,
                @Nullable JsonNode other) {
            session.say(String.format(
                    Locale.ROOT,
                    "neighbour %s %d/%d %s: p50=%.2f p99=%.2f ms bulk=%.2f Gbit/s errors=%.0f%s",
                    what,
                    rotation + 1,
                    session.rotations(),
                    variant.name(),
                    values.get("latency_p50_ms"),
                    values.get("latency_p99_ms"),
                    values.getOrDefault("bulk_gbit", 0.0),
                    values.get("errors"),
                    trouble(answer) + (other == null ? "" : trouble(other))));
        }
    }

    private static String trouble(JsonNode answer) {
        String trouble = answer.get("trouble").asText();
        return trouble.isEmpty() ? "" : " (" + trouble + ")";
    }

    private static void beside(SortedMap<String, Double> values, Setting setting, JsonNode other) {
        values.merge("errors", other.get("errors").asDouble(), Double::sum);
        double bytes = other.get("bytes").asDouble();
        if (setting.load.equals(STALLED)) {
            values.put("stalled_mib", bytes / 1048576);
        } else {
            values.put("bulk_gbit", bytes * 8 / 1e9 / other.get("seconds").asDouble());
        }
    }

    /** What both loads sent together, which is what the agents count. */
    static JsonNode both(JsonNode victim, @Nullable JsonNode greedy) {
        if (greedy == null) {
            return victim;
        }
        ObjectNode sum = JsonNodeFactory.instance.objectNode();
        for (String key : List.of("opened", "bytes_out", "bytes_in")) {
            sum.put(key, victim.get(key).asLong() + greedy.get(key).asLong());
        }
        return sum;
    }
}

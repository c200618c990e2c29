package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import io.culvert.perf.measure.Memory;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Memory of a waypoint: idle, with the routes and endpoints of many services, and while large bodies go to readers that
 * are slower than their senders. Figures at rest are taken a minute after the last change and without a forced collection,
 * once, as {@link Idle} does it.
 */
final class WaypointMemory implements Suite {
    static final String NAME = "waypoint-memory";
    static final String IDLE = "idle";
    static final String ROUTES = "routes-1000";
    static final String BODIES = "bodies-50";

    private static final double SETTLE = 60;
    private static final double SETTLE_QUICK = 3;
    private static final int READERS = 50;
    private static final int BODY = 150_000_000;
    private static final int BLOCK = 1_000_000;
    private static final String READER_RATE = "3M";
    private static final double LOOK = 0.1;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        List<Series> all = new ArrayList<>();
        try (Cluster cluster = session.waypointCluster()) {
            Variant variant = cluster.variants(WaypointPlace.TOPOLOGY).stream()
                    .filter(Variant::isMesh)
                    .findFirst()
                    .orElseThrow(() -> new LabException("the cluster has no waypoint"));
            all.add(series(session, IDLE, atRest(session, variant)));
            Fleet fleet = new Fleet();
            fleet.write(
                    cluster.lab().configDirectory(),
                    Files.createDirectories(cluster.directory().resolve("fleet")));
            fleet.awaitInForce(variant.client());
            all.add(series(session, ROUTES, atRest(session, variant)));
            all.add(series(session, BODIES, bodies(cluster, variant)));
        }
        return all;
    }

    private static SortedMap<String, Double> atRest(Session session, Variant variant) {
        double seconds = session.quick() ? SETTLE_QUICK : SETTLE;
        session.say(String.format(Locale.ROOT, "%s: nothing for %.0f s", NAME, seconds));
        Waits.pass(seconds);
        Memory memory = Memory.of(variant.pids());
        return new TreeMap<>(Map.of("pss_mib", memory.pssMib(), "rss_mib", memory.rssMib()));
    }

    /** Half of the readers speak HTTP/1.1, half HTTP/2, each on a connection of its own. */
    private static SortedMap<String, Double> bodies(Cluster cluster, Variant variant) throws IOException {
        Path file = cluster.directory()
                .resolve("nginx-" + WaypointYaml.NAMESPACE + "-server")
                .resolve("large");
        random(file);
        Waypoint waypoint = Objects.requireNonNull(variant.waypoint(), "the variant has no waypoint");
        String expected = Commands.run("sh", "-c", "cksum < " + file).strip();
        List<Process> readers = new ArrayList<>();
        SortedMap<String, Double> values = new TreeMap<>();
        try {
            for (int i = 0; i < READERS; i++) {
                readers.add(reader(variant, i % 2 == 0 ? "--http1.1" : "--http2-prior-knowledge"));
            }
            while (readers.stream().anyMatch(Process::isAlive)) {
                Waypoint.Memory now = waypoint.memory();
                values.merge("heap_and_direct_max_mib", now.heapMib() + now.directMib(), Math::max);
                values.merge("direct_max_mib", now.directMib(), Math::max);
                values.merge("rss_max_mib", Memory.of(variant.pids()).rssMib(), Math::max);
                Waits.pass(LOOK);
            }
            double lost = 0;
            for (Process reader : readers) {
                String said = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
                lost += said.equals(expected) ? 0 : 1;
            }
            values.put("errors", lost);
            return values;
        } finally {
            readers.forEach(Process::destroy);
        }
    }

    private static void random(Path file) throws IOException {
        Random random = new Random(1);
        byte[] block = new byte[BLOCK];
        try (var out = Files.newOutputStream(file)) {
            for (int i = 0; i < BODY / BLOCK; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }
    }

    /** Prints the checksum of what it got. */
    private static Process reader(Variant variant, String protocol) throws IOException {
        LabPod client = variant.client();
        String url = "http://" + variant.host() + ":" + Ports.HTTP + "/large";
        return new ProcessBuilder(
                        "nsenter",
                        "--net=" + client.networkNamespace(),
                        "--",
                        "sh",
                        "-c",
                        "timeout 600 curl -sSf " + protocol + " --limit-rate " + READER_RATE + " " + url + " | cksum")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static Series series(Session session, String load, SortedMap<String, Double> values) {
        session.say(NAME + " " + load + ": " + values);
        return new Series(
                NAME, load, WaypointPlace.TOPOLOGY, "culvert", List.of(new Round(0, "", values, new TreeMap<>())));
    }
}

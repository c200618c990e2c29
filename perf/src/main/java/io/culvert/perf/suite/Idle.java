package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.measure.Memory;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Memory of agents that have nothing to do: with 20 pods each, then with connections that say nothing, the more added to
 * the fewer. A figure is taken a minute after the last change and without a forced collection, once: what a JVM keeps
 * depends on what it did before, so every repetition would need a cluster of its own.
 */
final class Idle implements Suite {
    static final String PODS = "pods-20";
    static final String MANY = "held-10000";

    private static final String NAME = "idle";
    private static final String TUNNEL = "tunnel";
    private static final String NEAR = "same-node";
    private static final String TLS_PAIR = "haproxy-tls";
    private static final double SETTLE = 60;
    private static final double SETTLE_QUICK = 3;
    private static final int PODS_PER_NODE = 20;
    private static final int FEW = 1_000;
    private static final int NEAR_COUNT = 9_000;
    private static final int MOST = 50_000;
    private static final List<Integer> COUNTS = List.of(FEW, 10_000, MOST);
    // A client has some 28,000 ports towards one server.
    private static final int PER_CLIENT = 20_000;
    // Listeners, logs, jars, tunnels.
    private static final int OTHER_FILES = 1_000;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        List<Series> all = new ArrayList<>();
        try (Cluster cluster = session.cluster(List.of(TLS_PAIR), fillers())) {
            List<Variant> variants = held(cluster, TUNNEL);
            all.addAll(new Run(session, cluster, TUNNEL, variants).measure(COUNTS, true));
        }
        try (Cluster cluster = session.cluster(List.of(), fillers())) {
            List<Variant> variants = held(cluster, NEAR);
            all.addAll(new Run(session, cluster, NEAR, variants).measure(List.of(NEAR_COUNT), false));
        }
        return all;
    }

    private static List<Variant> held(Cluster cluster, String topology) {
        return cluster.variants(topology).stream()
                .filter(variant -> !variant.pids().isEmpty())
                .toList();
    }

    /** Pods that do nothing, until each node has as many as the row says. */
    private static Map<String, String> fillers() {
        Map<String, String> fillers = new LinkedHashMap<>();
        // The mesh has a client and a near server on the first node, a server on the second.
        for (int i = 1; i <= PODS_PER_NODE - 2; i++) {
            fillers.put("client-" + i, "node-1");
        }
        for (int i = 1; i <= PODS_PER_NODE - 1; i++) {
            fillers.put("client-far-" + i, "node-2");
        }
        return fillers;
    }

    /** One cluster: connections are added, never taken away. */
    private static final class Run {
        private final Session session;
        private final Cluster cluster;
        private final String topology;
        private final List<Variant> variants;
        private final Map<String, List<Memory>> before = new LinkedHashMap<>();
        private final Map<String, List<LoadProgram>> holders = new LinkedHashMap<>();
        private final Map<String, Integer> held = new LinkedHashMap<>();
        private final List<Series> series = new ArrayList<>();

        Run(Session session, Cluster cluster, String topology, List<Variant> variants) {
            this.session = session;
            this.cluster = cluster;
            this.topology = topology;
            this.variants = variants;
        }

        List<Series> measure(List<Integer> counts, boolean pods) throws IOException {
            try {
                settle();
                for (Variant variant : variants) {
                    List<Memory> now = memory(variant);
                    before.put(variant.name(), now);
                    if (pods && variant.isMesh()) {
                        add(PODS, variant, "", values(now, List.of(), 0));
                    }
                }
                for (int count : counts) {
                    count(count);
                }
                return series;
            } finally {
                for (List<LoadProgram> programs : holders.values()) {
                    for (LoadProgram program : programs) {
                        program.close();
                    }
                }
            }
        }

        private void count(int count) throws IOException {
            String load = "held-" + count;
            List<Variant> able = new ArrayList<>();
            Map<String, Integer> failed = new LinkedHashMap<>();
            for (Variant variant : variants) {
                // The peer's configuration is for fewer; beside the fewest, its figure is a comparison.
                if (variant.isMesh() || count == FEW) {
                    String hindrance = hindrance(variant, count);
                    if (hindrance.isEmpty()) {
                        able.add(variant);
                        failed.put(variant.name(), open(variant, count));
                    } else {
                        add(load, variant, hindrance, new TreeMap<>());
                    }
                }
            }
            if (able.isEmpty()) {
                return;
            }
            settle();
            for (Variant variant : able) {
                SortedMap<String, Double> values =
                        values(memory(variant), before.getOrDefault(variant.name(), List.of()), count);
                values.put("errors", failed.getOrDefault(variant.name(), 0) + (double) lost(variant));
                add(load, variant, "", values);
            }
        }

        private String hindrance(Variant variant, int count) throws IOException {
            long perConnection = variant.topology().equals(NEAR) ? 2 : 1;
            long needed = count * perConnection + OTHER_FILES;
            long allowed = Long.MAX_VALUE;
            for (long pid : Stream.concat(
                            variant.pids().stream(),
                            Stream.of(ProcessHandle.current().pid()))
                    .toList()) {
                allowed = Math.min(allowed, openFiles(Files.readString(Path.of("/proc/" + pid + "/limits"))));
            }
            return allowed >= needed
                    ? ""
                    : String.format(
                            Locale.ROOT,
                            "%,d connections need %,d open files in a process, and ulimit -n allows %,d",
                            count,
                            needed,
                            allowed);
        }

        /** Adds connections until there are {@code count}; returns how many could not be opened. */
        private int open(Variant variant, int count) throws IOException {
            int failed = 0;
            while (held.getOrDefault(variant.name(), 0) < count) {
                int have = held.getOrDefault(variant.name(), 0);
                int client = have / PER_CLIENT;
                int more = Math.min(count, (client + 1) * PER_CLIENT) - have;
                LoadProgram program =
                        LoadProgram.hold(client == 0 ? variant : cluster.from(variant, "client-" + client), more);
                holders.computeIfAbsent(variant.name(), name -> new ArrayList<>())
                        .add(program);
                failed += program.answer().get("failed").asInt();
                held.put(variant.name(), have + more);
            }
            return failed;
        }

        private int lost(Variant variant) throws IOException {
            int lost = 0;
            for (LoadProgram program : holders.getOrDefault(variant.name(), List.of())) {
                JsonNode count = program.again();
                lost += count.get("lost").asInt();
            }
            return lost;
        }

        private void settle() {
            double seconds = session.quick() ? SETTLE_QUICK : SETTLE;
            session.say(String.format(Locale.ROOT, "idle %s: nothing for %.0f s", topology, seconds));
            Waits.pass(seconds);
        }

        private void add(String load, Variant variant, String voided, SortedMap<String, Double> values) {
            session.say("idle " + topology + " " + load + " " + variant.name() + ": "
                    + (voided.isEmpty() ? values : voided));
            series.add(new Series(
                    NAME, load, topology, variant.name(), List.of(new Round(0, voided, values, new TreeMap<>()))));
        }
    }

    private static List<Memory> memory(Variant variant) {
        return variant.pids().stream().map(pid -> Memory.of(List.of(pid))).toList();
    }

    /** The hard limit: a JVM raises its own to it. */
    static long openFiles(String limits) {
        for (String line : limits.lines().toList()) {
            if (line.startsWith("Max open files")) {
                String hard = line.split(" +", -1)[4];
                return hard.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(hard);
            }
        }
        throw new IllegalArgumentException("no \"Max open files\" in the limits of a process");
    }

    /** Memory of each process, and with a {@code base}, what it grew by for each of {@code count} connections. */
    static SortedMap<String, Double> values(List<Memory> now, List<Memory> base, int count) {
        SortedMap<String, Double> values = new TreeMap<>();
        for (int i = 0; i < now.size(); i++) {
            Memory memory = now.get(i);
            values.put("rss_process" + (i + 1) + "_mib", memory.rssMib());
            values.put("pss_process" + (i + 1) + "_mib", memory.pssMib());
            values.merge("rss_largest_mib", memory.rssMib(), Math::max);
            if (!base.isEmpty()) {
                double rss = (memory.rss() - base.get(i).rss()) / 1024.0 / count;
                double pss = (memory.pss() - base.get(i).pss()) / 1024.0 / count;
                values.put("rss_per_connection_process" + (i + 1) + "_kib", rss);
                values.put("pss_per_connection_process" + (i + 1) + "_kib", pss);
                values.merge("rss_per_connection_largest_kib", rss, Math::max);
            }
        }
        return values;
    }
}

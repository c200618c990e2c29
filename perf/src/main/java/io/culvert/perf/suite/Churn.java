package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.measure.MeshCounters;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * 50 policies and 500 workloads change each second, each a file in the watched directory, under 1,000 requests/s and
 * beside 2,000 connections that stay open. Every policy keeps allowing them, so none may be lost.
 */
final class Churn implements Suite {
    private static final String NAME = "churn";
    private static final int CONNECTIONS = 2_000;
    private static final int POLICIES = 50;
    private static final int WORKLOADS = 500;
    private static final Duration COUNTED = Duration.ofSeconds(60);
    private static final Duration APPLIED = Duration.ofSeconds(30);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        try (Cluster cluster = session.cluster(List.of(), new TreeMap<>())) {
            Variant way = QuietAndNot.way(cluster);
            MeshCounters before = MeshCounters.of(way.agents());
            try (LoadProgram program = LoadProgram.drive();
                    LoadProgram held = LoadProgram.hold(way, CONNECTIONS)) {
                JsonNode opened = held.answer();
                settled(way, before, CONNECTIONS - opened.get("failed").asInt());
                return measure(session, cluster, program, held, opened);
            }
        }
    }

    /** Waits until the byte that went round on each held connection is counted: it is not a round's. */
    private static void settled(Variant way, MeshCounters before, int opened) {
        Waits.until("the agents have counted the held connections' bytes", COUNTED, () -> {
            MeshCounters counted = MeshCounters.of(way.agents()).since(before);
            return Math.min(counted.received(), Math.min(counted.sent(), counted.destinationReceived())) >= opened;
        });
    }

    private static List<Series> measure(
            Session session, Cluster cluster, LoadProgram program, LoadProgram held, JsonNode opened)
            throws IOException {
        cluster.lab().apply("""
                apiVersion: v1
                kind: Namespace
                metadata: {name: churn}
                ---
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: default, namespace: churn}
                """);
        Files.createDirectories(cluster.lab().configDirectory().resolveSibling("staging"));
        Changes changes = new Changes(cluster.lab().configDirectory());
        List<Series> all = new ArrayList<>(new QuietAndNot(NAME, session, cluster, program).measure(changes));
        long written = System.nanoTime();
        Waits.until(
                "the agents hold the last change of every policy and workload",
                APPLIED,
                () -> cluster.lab().nodes().stream()
                        .map(node -> node.agent().admin("/config_dump"))
                        .allMatch(changes::current));
        SortedMap<String, Double> values = new TreeMap<>();
        values.put("last_change_applied_s", (System.nanoTime() - written) / 1e9);
        values.put(
                "errors",
                opened.get("failed").asDouble() + held.again().get("lost").asDouble());
        session.say("churn " + values);
        all.add(new Series(
                NAME,
                "held-" + CONNECTIONS,
                "tunnel",
                QuietAndNot.MESH,
                List.of(new Round(0, "", values, new TreeMap<>()))));
        return all;
    }

    /** Writes every policy and workload anew at each step. */
    static final class Changes implements QuietAndNot.Disturbance {
        private final Path directory;
        private int revision;

        Changes(Path directory) {
            this.directory = directory;
        }

        @Override
        public double every() {
            return 1;
        }

        @Override
        public void step() throws IOException {
            revision++;
            for (int i = 0; i < POLICIES; i++) {
                write("churn-policy-" + i + ".yaml", policy(i));
            }
            for (int i = 0; i < WORKLOADS; i++) {
                write("churn-pod-" + i + ".yaml", workload(i));
            }
        }

        /** Whether an agent's {@code dump} has the last revision of everything. */
        boolean current(String dump) {
            return count(dump, "churn-revision-" + revision + '"') == POLICIES
                    && count(dump, "\"v" + revision + '"') == WORKLOADS;
        }

        private static int count(String text, String part) {
            int found = 0;
            for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
                found++;
            }
            return found;
        }

        private String policy(int i) {
            return String.format(Locale.ROOT, """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: churn-%d, namespace: mesh}
                spec:
                  action: ALLOW
                  rules:
                  - from: [{source: {principals: ["cluster.local/ns/mesh/sa/default", "cluster.local/ns/mesh/sa/churn-revision-%d"]}}]
                """, i, revision);
        }

        private String workload(int i) {
            return String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Pod
                metadata: {name: churn-%1$d, namespace: churn, uid: churn-%1$d, labels: {app: churn, version: v%2$d}}
                spec: {nodeName: far-node, serviceAccountName: default, containers: [{name: main}]}
                status: {phase: Running, podIP: 10.250.%3$d.%4$d, podIPs: [{ip: 10.250.%3$d.%4$d}], conditions: [{type: Ready, status: "True"}]}
                """, i, revision, i / 250, i % 250 + 1);
        }

        private void write(String name, String text) throws IOException {
            Path staged = directory.resolveSibling("staging").resolve(name);
            Files.writeString(staged, text, StandardCharsets.UTF_8);
            Files.move(staged, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }
    }
}

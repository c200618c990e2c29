package io.culvert.perf.figures;

import io.culvert.lab.Lab;
import io.culvert.lab.LabOptions;
import io.culvert.perf.suite.Launch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * 2,000 connections stay open while 50 policies and 500 workloads change each second for 30 s, each a file that is
 * written into the watched directory. Every policy keeps allowing the connections, so none may be lost.
 */
final class ConfigChurn implements Figure {
    private static final int CONNECTIONS = 2_000;
    private static final int SECONDS = 30;
    private static final int POLICIES = 50;
    private static final int WORKLOADS = 500;

    @Override
    public String name() {
        return "churn";
    }

    @Override
    public String title() {
        return "2,000 connections while 50 policies and 500 workloads change each second for 30 s";
    }

    @Override
    public List<Row> measure(Consumer<String> progress) throws Exception {
        try (Lab lab = Lab.start(Bench.pairs(), LabOptions.mesh(Launch.shipped()))) {
            Bench.ready(lab);
            lab.apply(Bench.namespace("churn", false));
            try (PodDialogue holder = PodDialogue.start(
                    lab.pod("client.mesh"),
                    "hold",
                    lab.pod("server.mesh").ip4(),
                    Integer.toString(Bench.ECHO_PORT),
                    Integer.toString(CONNECTIONS))) {
                progress.accept("opened " + holder.answer());
                long begin = System.nanoTime();
                for (int second = 1; second <= SECONDS; second++) {
                    writeAll(lab.configDirectory(), second);
                    holder.ask();
                    long left = begin + second * 1_000_000_000L - System.nanoTime();
                    if (left > 0) {
                        Thread.sleep(Duration.ofNanos(left));
                    }
                }
                long written = System.nanoTime();
                Bench.await(
                        "both agents hold the last change of every policy and workload",
                        Duration.ofSeconds(30),
                        () -> lab.nodes().stream()
                                .map(node -> node.agent().admin("/config_dump"))
                                .allMatch(dump -> count(dump, revision(SECONDS) + '"') == POLICIES
                                        && count(dump, "\"v" + SECONDS + '"') == WORKLOADS));
                double took = (written - begin) / 1e9;
                double applied = (System.nanoTime() - written) / 1e9;
                String last = holder.ask();
                progress.accept("after " + SECONDS + " s " + last);
                return rows(last, took, applied);
            }
        }
    }

    private static List<Row> rows(String last, double took, double applied) {
        double open = Bench.number(last, "", "open");
        double lost = Bench.number(last, "", "lost");
        return List.of(
                new Row("connections lost", Long.toString(Math.round(lost)), "0", lost == 0),
                new Row(
                        "connections open and answering at the end",
                        Long.toString(Math.round(open)),
                        Integer.toString(CONNECTIONS),
                        open == CONNECTIONS),
                new Row(
                        SECONDS + " rounds of changes took",
                        String.format(Locale.ROOT, "%.1f s", took),
                        "<= " + (SECONDS + 1) + " s",
                        took <= SECONDS + 1),
                new Row("last change at both agents after", String.format(Locale.ROOT, "%.2f s", applied), "-", true));
    }

    private static int count(String text, String part) {
        int found = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
            found++;
        }
        return found;
    }

    private static String revision(int second) {
        return "churn-revision-" + second;
    }

    private static void writeAll(Path directory, int second) throws IOException {
        for (int i = 0; i < POLICIES; i++) {
            write(directory, "churn-policy-" + i + ".yaml", policy(i, second));
        }
        for (int i = 0; i < WORKLOADS; i++) {
            write(directory, "churn-pod-" + i + ".yaml", workload(i, second));
        }
    }

    private static String policy(int i, int second) {
        return String.format(Locale.ROOT, """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: churn-%d, namespace: mesh}
                spec:
                  action: ALLOW
                  rules:
                  - from: [{source: {principals: ["cluster.local/ns/mesh/sa/default", "cluster.local/ns/mesh/sa/%s"]}}]
                """, i, revision(second));
    }

    private static String workload(int i, int second) {
        return String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Pod
                metadata: {name: churn-%1$d, namespace: churn, uid: churn-%1$d, labels: {app: churn, version: v%2$d}}
                spec: {nodeName: far-node, serviceAccountName: default, containers: [{name: main}]}
                status: {phase: Running, podIP: 10.250.%3$d.%4$d, podIPs: [{ip: 10.250.%3$d.%4$d}], conditions: [{type: Ready, status: "True"}]}
                """, i, second, i / 250, i % 250 + 1);
    }

    private static void write(Path directory, String name, String text) throws IOException {
        Path staged = directory.resolveSibling("staging").resolve(name);
        Files.createDirectories(staged.getParent());
        Files.writeString(staged, text, StandardCharsets.UTF_8);
        Files.move(staged, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
}

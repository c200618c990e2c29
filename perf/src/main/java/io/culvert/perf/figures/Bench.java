package io.culvert.perf.figures;

import io.culvert.lab.Lab;
import io.culvert.lab.LabException;
import io.culvert.lab.LabNode;
import io.culvert.lab.LabPod;
import io.culvert.perf.load.LoadMain;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/** What the figures share: cluster descriptions, load processes inside pods, numbers out of /proc and JSON lines. */
final class Bench {
    static final int ECHO_PORT = 7007;

    private Bench() {}

    /** Two nodes, a meshed and a plain namespace, and in each a client on node-1 and an echo server on node-2. */
    static String pairs() {
        return nodes()
                + namespace("mesh", true)
                + namespace("plain", false)
                + idlePod("mesh", "client", "node-1")
                + echoPod("mesh", "server", "node-2")
                + idlePod("plain", "client", "node-1")
                + echoPod("plain", "server", "node-2");
    }

    static String nodes() {
        return """
                apiVersion: v1
                kind: Node
                metadata: {name: node-1}
                ---
                apiVersion: v1
                kind: Node
                metadata: {name: node-2}
                ---
                """;
    }

    static String namespace(String name, boolean mesh) {
        return String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Namespace
                metadata: {name: %1$s, labels: {culvert.io/mesh: %2$s}}
                ---
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: default, namespace: %1$s}
                ---
                """, name, mesh ? "enabled" : "disabled");
    }

    static String idlePod(String namespace, String name, String node) {
        return pod(namespace, name, node, "[sleep, infinity]");
    }

    static String echoPod(String namespace, String name, String node) {
        List<String> command = java("echo", Integer.toString(ECHO_PORT));
        StringBuilder list = new StringBuilder("[");
        for (String word : command) {
            list.append(list.length() > 1 ? ", " : "").append('"').append(word).append('"');
        }
        return pod(namespace, name, node, list.append(']').toString());
    }

    private static String pod(String namespace, String name, String node, String command) {
        return String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: %s, labels: {app: %s}}
                spec:
                  nodeName: %s
                  containers: [{name: main, command: %s}]
                ---
                """, name, namespace, name, node, command);
    }

    /** The command line of the load program, with small and quiet JVM settings. */
    static List<String> java(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                LoadMain.class.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Starts the load program in {@code pod}; its errors go to this process's. */
    static Process start(LabPod pod, String... arguments) throws IOException {
        return new ProcessBuilder(pod.command(java(arguments)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Waits until {@code condition} holds, looking every 50 ms. */
    static void await(String what, Duration timeout, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new LabException("after " + timeout.toSeconds() + " s still not: " + what);
            }
            Thread.sleep(50);
        }
    }

    /** Waits until every pod is ready and every meshed one is reported as captured. */
    static void ready(Lab lab) throws InterruptedException {
        lab.awaitReady(Duration.ofSeconds(60));
        for (LabNode node : lab.nodes()) {
            await(
                    "agent of " + node.name() + " is ready",
                    Duration.ofSeconds(30),
                    () -> node.agent().ready());
        }
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** {@code median [least..greatest]} of values in {@code unit}. */
    static String spread(List<Double> values, String unit) {
        return String.format(
                Locale.ROOT,
                "%.2f %s [%.2f..%.2f]",
                median(values),
                unit,
                values.stream().min(Double::compare).orElseThrow(),
                values.stream().max(Double::compare).orElseThrow());
    }
}

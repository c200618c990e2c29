package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * The mesh's waypoint, as a run asks it. Immutable.
 *
 * @param accessLog the file that it writes a line for each request to
 */
record Waypoint(LabPod pod, Path accessLog) {
    private static final int METRICS = 15020;
    private static final int PAGE_LIMIT = 64 << 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int LAST_WORDS = 20;

    /**
     * What it has counted so far. Immutable.
     *
     * @param requests that have ended
     * @param logged lines handed to the log's file
     * @param dropped lines that were not
     * @param lines that stand in the file
     */
    record Counted(long requests, long logged, long dropped, long lines) {
        Counted since(Counted earlier) {
            return new Counted(
                    requests - earlier.requests,
                    logged - earlier.logged,
                    dropped - earlier.dropped,
                    lines - earlier.lines);
        }

        /** Whether every request that has ended is in the log or known not to be. */
        boolean settled() {
            return logged + dropped >= requests && lines >= logged;
        }

        /** From a page of metrics and the number of lines in the file. */
        static Counted of(String page, long lines) {
            return new Counted(
                    sum(page, "istio_requests_total"),
                    sum(page, "culvert_access_log_lines_total"),
                    sum(page, "culvert_access_log_dropped_total"),
                    lines);
        }

        private static long sum(String page, String name) {
            return page.lines()
                    .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                    .mapToLong(line -> {
                        int end = Math.max(line.lastIndexOf('}') + 1, name.length());
                        return Math.round(
                                Double.parseDouble(line.substring(end + 1).split(" ", 2)[0]));
                    })
                    .sum();
        }
    }

    /**
     * What it holds now. Immutable.
     *
     * @param heapMib used, garbage included
     * @param directMib of network buffers outside the heap
     */
    record Memory(double heapMib, double directMib) {}

    Counted counted() {
        try {
            return Counted.of(metrics(), lines(accessLog));
        } catch (IOException e) {
            throw new LabException(
                    "cannot read the counters or the access log of the waypoint " + pod.fullName() + lastWords(), e);
        }
    }

    Memory memory() {
        try {
            String page = metrics();
            return new Memory(mib(page, "culvert_heap_used_bytes"), mib(page, "culvert_direct_memory_bytes"));
        } catch (IOException e) {
            throw new LabException("cannot read the counters of the waypoint " + pod.fullName() + lastWords(), e);
        }
    }

    private String metrics() throws IOException {
        var page =
                pod.sockets().get(InetAddress.getLoopbackAddress(), METRICS, "/metrics", Map.of(), TIMEOUT, PAGE_LIMIT);
        if (page.status() != 200) {
            throw new LabException("the waypoint " + pod.fullName() + " answers " + page.status()
                    + " to /metrics on port " + METRICS + ": " + page.body().strip());
        }
        return page.body();
    }

    private static double mib(String page, String gauge) {
        return page.lines()
                .filter(line -> line.startsWith(gauge + " "))
                .mapToDouble(line -> Double.parseDouble(line.split(" ", 3)[1]) / (1 << 20))
                .findFirst()
                .orElseThrow(() -> new LabException("the waypoint's metrics have no " + gauge));
    }

    /** The end of its own log, for messages. */
    String lastWords() {
        var lines = pod.meshLog().lines().toList();
        return "; the end of its log:\n"
                + String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_WORDS), lines.size()));
    }

    private static long lines(Path file) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        long lines = 0;
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (int i = 0; i < read; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
            }
        }
        return lines;
    }
}

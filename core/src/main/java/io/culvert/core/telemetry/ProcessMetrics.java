package io.culvert.core.telemetry;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the process and its kernel have left: descriptors, connection tracking, memory (read from /proc at each scrape), and
 * turns of its loops.
 * Any thread.
 */
public final class ProcessMetrics {
    private static final Path CONNTRACK = Path.of("/proc/sys/net/netfilter");

    private ProcessMetrics() {}

    /** Adds the gauges to {@code registry}. */
    public static void register(MetricsRegistry registry) {
        registry.gauge("process_open_fds", "Open file descriptors", ProcessMetrics::openDescriptors);
        registry.gauge(
                "process_max_fds", "Limit of open file descriptors (RLIMIT_NOFILE)", ProcessMetrics::maxDescriptors);
        registry.gauge("process_resident_memory_bytes", "Resident memory", ProcessMetrics::residentBytes);
        registry.gauge("culvert_heap_used_bytes", "Used Java heap", () -> {
            Runtime runtime = Runtime.getRuntime();
            return (double) (runtime.totalMemory() - runtime.freeMemory());
        });
        registry.gauge("culvert_direct_memory_bytes", "Memory of network buffers outside the heap", () ->
                (double) PlatformDependent.usedDirectMemory());
        registry.gauge(
                "culvert_tls_handshakes_pending",
                "TLS handshakes whose next step waits for a turn of its event loop",
                PendingHandshakes::count);
        registry.gauge("culvert_conntrack_entries", "Tracked connections in the agent's own network namespace", () ->
                (double) number(CONNTRACK.resolve("nf_conntrack_count")));
        registry.gauge(
                "culvert_conntrack_max",
                "Limit of tracked connections in each network namespace (nf_conntrack_max)",
                () -> (double) number(CONNTRACK.resolve("nf_conntrack_max")));
    }

    /** Open descriptors of this process. */
    public static long openDescriptors() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        // The listing itself holds one open.
        return names == null ? 0 : Math.max(0, names.length - 1);
    }

    /** The soft limit of open descriptors; 0 when it cannot be read. */
    public static long maxDescriptors() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
                if (line.startsWith("Max open files")) {
                    String soft =
                            line.substring("Max open files".length()).strip().split("\\s+", 2)[0];
                    return soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
                }
            }
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
        return 0;
    }

    private static double residentBytes() {
        try {
            String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", 3);
            return Long.parseLong(pages[1]) * 4096.0;
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }

    /** Zero when the file is not there: connection tracking is not loaded. */
    private static long number(Path file) {
        try {
            return Long.parseLong(Files.readString(file).strip());
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }
}

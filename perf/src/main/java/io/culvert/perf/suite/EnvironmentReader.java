package io.culvert.perf.suite;

import io.culvert.perf.result.Environment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Where and with what a run is made. */
final class EnvironmentReader {
    private EnvironmentReader() {}

    static Environment read(SortedMap<String, String> versions) throws IOException {
        Path root = Launch.script().resolveSibling(".").normalize();
        SortedMap<String, String> settings = new TreeMap<>();
        settings.put("tls", "1.3, AES-128-GCM, P-256 certificates; peers X25519, culvert X25519MLKEM768");
        settings.put("peer buffers", "64 KiB");
        for (String key : List.of(
                "net/ipv4/tcp_congestion_control",
                "net/ipv4/ip_local_port_range",
                "net/ipv4/tcp_tw_reuse",
                "net/ipv4/tcp_max_syn_backlog",
                "net/core/somaxconn")) {
            settings.put(
                    key.replace('/', '.'),
                    Files.readString(Path.of("/proc/sys/" + key)).strip());
        }
        return new Environment(
                commit(root),
                System.getProperty("java.vendor.version", "") + " " + Runtime.version(),
                Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip(),
                cpu(),
                Runtime.getRuntime().availableProcessors(),
                Instant.now().toString(),
                flags(root),
                versions,
                settings);
    }

    private static String commit(Path root) {
        try {
            return Commands.run("git", "-C", root.toString(), "describe", "--always", "--dirty")
                    .strip();
        } catch (RuntimeException e) {
            return "unknown: not a git checkout";
        }
    }

    private static String cpu() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    /** The flags of the agent as it ships. */
    static List<String> flags(Path root) throws IOException {
        return Files.readAllLines(root.resolve("node-agent/src/main/launch/agent.flags"), StandardCharsets.UTF_8)
                .stream()
                .map(line -> line.replaceAll("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }
}

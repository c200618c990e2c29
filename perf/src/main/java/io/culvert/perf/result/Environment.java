package io.culvert.perf.result;

import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where and with what a run was made. Immutable.
 *
 * @param culvert version and commit
 * @param jdk version and vendor of the agents' JDK
 * @param kernel release
 * @param cpu model
 * @param cores processors that the run could use
 * @param startedAt ISO instant
 * @param flags the agents' JVM flags
 * @param peers name to version
 * @param settings name to value of what else was set: sysctls, TLS version, key type, groups, buffers
 */
public record Environment(
        String culvert,
        String jdk,
        String kernel,
        String cpu,
        int cores,
        String startedAt,
        List<String> flags,
        SortedMap<String, String> peers,
        SortedMap<String, String> settings) {
    public Environment {
        Objects.requireNonNull(culvert, "culvert");
        Objects.requireNonNull(jdk, "jdk");
        Objects.requireNonNull(kernel, "kernel");
        Objects.requireNonNull(cpu, "cpu");
        Objects.requireNonNull(startedAt, "startedAt");
        flags = List.copyOf(flags);
        peers = Collections.unmodifiableSortedMap(new TreeMap<>(peers));
        settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    }
}

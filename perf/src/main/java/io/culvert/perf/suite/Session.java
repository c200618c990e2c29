package io.culvert.perf.suite;

import io.culvert.perf.result.Gap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A run of suites: how long to measure and with which peers, and what is learnt on the way. One thread. */
final class Session {
    private final int rotations;
    private final double seconds;
    private final double warmUp;
    private final boolean quick;
    private final Map<String, Path> peers;
    private final Path cache;
    private final Consumer<String> progress;
    private final SortedMap<String, String> versions = new TreeMap<>();
    private final List<Gap> gaps = new ArrayList<>();

    /**
     * @param rotations rounds of each variant
     * @param seconds of a round
     * @param warmUp seconds per variant and load before the first round
     * @param quick whether figures may come too early to judge by
     * @param peers name to script of those of the tunnel topology
     * @param cache of peers, outlives the run
     */
    Session(
            int rotations,
            double seconds,
            double warmUp,
            boolean quick,
            Map<String, Path> peers,
            Path cache,
            Consumer<String> progress) {
        this.rotations = rotations;
        this.seconds = seconds;
        this.warmUp = warmUp;
        this.quick = quick;
        this.peers = peers;
        this.cache = cache;
        this.progress = progress;
    }

    int rotations() {
        return rotations;
    }

    double seconds() {
        return seconds;
    }

    double warmUp() {
        return warmUp;
    }

    boolean quick() {
        return quick;
    }

    /** What the load through a cluster and the agents' counters disagree about. */
    List<Gap> gaps() {
        return gaps;
    }

    /** Name to version of every peer that took part. */
    SortedMap<String, String> versions() {
        return versions;
    }

    void say(String line) {
        progress.accept(line);
    }

    /**
     * A cluster of the suite's own, so that no suite measures what another left behind.
     *
     * @param wanted peers, as far as the run has them at all
     * @param more pods of the mesh, name to node
     */
    Cluster cluster(Collection<String> wanted, Map<String, String> more) throws IOException {
        Map<String, Path> scripts = new LinkedHashMap<>(peers);
        scripts.keySet().retainAll(wanted);
        Cluster cluster = Cluster.start(scripts, Map.of(), null, List.of(), more, cache);
        versions.putAll(cluster.versions());
        return cluster;
    }

    /** The same with a waypoint, and no peers. */
    Cluster waypointCluster() throws IOException {
        return Cluster.start(Map.of(), Map.of(), Map.of(), List.of(), Map.of(), cache);
    }
}

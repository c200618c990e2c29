package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.telemetry.MetricsRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The clusters of pods that clients addressed themselves, one for each address and port. Clients decide how many that
 * are, so their number has a bound: those that are idle are dropped after a while, and earlier when there are too many.
 * With all of them in use, a further one is refused. Any thread; making and dropping them takes a lock.
 */
final class PodClusters {
    /** At once; some kilobytes each. */
    static final int MOST = 4096;
    /** Without a request for so long, and a cluster is dropped. */
    static final Duration IDLE = Duration.ofMinutes(5);
    /** How often that is looked for. */
    static final Duration SWEEP = Duration.ofMinutes(1);

    /** Full, so many in 16 make place at once: looking for the oldest goes over all of them. */
    private static final int SHARE = 16;

    private final Surroundings surroundings;
    private final int most;
    private final ConcurrentHashMap<String, ClusterState> clusters = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final LongAdder idle = new LongAdder();
    private final LongAdder evicted = new LongAdder();
    private final LongAdder gone = new LongAdder();
    private final LongAdder refused = new LongAdder();
    /** What dropped ones counted, so that their sum never falls. Guarded by the lock. */
    private final ClusterStats dropped = new ClusterStats("pods");

    private volatile boolean everUsed;
    /** Whether a sweep is to come. Guarded by the lock. */
    private boolean sweeping;

    PodClusters(Surroundings surroundings, int most) {
        this.surroundings = surroundings;
        this.most = most;
    }

    /** The state of a pod's cluster, which counts as used now; null when it would be one too many. */
    @Nullable
    ClusterState state(Cluster cluster) {
        ClusterState known = clusters.get(cluster.key());
        ClusterState state = known == null ? made(cluster) : known;
        if (state != null) {
            state.touch();
        }
        return state;
    }

    private @Nullable ClusterState made(Cluster cluster) {
        lock.lock();
        try {
            ClusterState known = clusters.get(cluster.key());
            if (known != null) {
                return known;
            }
            if (clusters.size() >= most && !makePlace()) {
                refused.increment();
                return null;
            }
            ClusterState made = new ClusterState(cluster.key(), cluster.port(), surroundings);
            made.touch();
            clusters.put(cluster.key(), made);
            everUsed = true;
            if (!sweeping) {
                sweeping = true;
                sweepLater();
            }
            return made;
        } finally {
            lock.unlock();
        }
    }

    /** Why {@link #state} gave none. */
    String full() {
        return most + " ports of pods are in use already, which is the limit: address services where you can";
    }

    /** Drops some that are idle, those first that are so for longest; false when none is. Under the lock. */
    private boolean makePlace() {
        long now = surroundings.clock().getAsLong();
        record Idle(ClusterState state, long nanos) {}
        List<ClusterState> oldest = clusters.values().stream()
                .map(state -> new Idle(state, state.idleNanos(now)))
                .filter(one -> one.nanos() > 0)
                .sorted(Comparator.comparingLong(Idle::nanos).reversed())
                .limit(Math.max(1, most / SHARE))
                .map(Idle::state)
                .toList();
        oldest.forEach(state -> drop(state, evicted));
        return !oldest.isEmpty();
    }

    /** Under the lock. */
    private void drop(ClusterState state, LongAdder why) {
        clusters.remove(state.key());
        why.increment();
        state.remove();
        dropped.addCounts(state.stats());
    }

    private void sweepLater() {
        var loop = surroundings.loops().get(0);
        if (!loop.isShuttingDown()) {
            var _ = loop.schedule(this::sweep, SWEEP.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void sweep() {
        lock.lock();
        try {
            long now = surroundings.clock().getAsLong();
            for (ClusterState state : new ArrayList<>(clusters.values())) {
                if (state.idleNanos(now) >= IDLE.toNanos()) {
                    drop(state, idle);
                }
            }
            sweeping = !clusters.isEmpty();
            if (sweeping) {
                sweepLater();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The mesh has changed: what was sent to pods that are gone, or have another address now, ends here. */
    void onMesh(MeshState mesh) {
        for (ClusterState state : clusters.values()) {
            state.onMesh(mesh);
            Cluster cluster = state.cluster();
            if (cluster != null && !isThere(mesh, cluster)) {
                lock.lock();
                try {
                    if (clusters.containsKey(state.key())) {
                        drop(state, gone);
                    }
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    private static boolean isThere(MeshState mesh, Cluster cluster) {
        Workload workload = mesh.workload(cluster.workloadUid());
        return workload != null && workload.addresses().contains(cluster.workloadAddress());
    }

    /** Whether there ever was one. */
    boolean everUsed() {
        return everUsed;
    }

    /** What all of them count together, those that were dropped too. */
    ClusterStats total() {
        ClusterStats sum = new ClusterStats(dropped.cluster());
        List<ClusterState> now;
        // Loops wait for the lock when they make clusters: summing up goes on without it.
        lock.lock();
        try {
            sum.addCounts(dropped);
            now = new ArrayList<>(clusters.values());
        } finally {
            lock.unlock();
        }
        for (ClusterState state : now) {
            sum.addCounts(state.stats());
            sum.addGauges(state.stats());
        }
        return sum;
    }

    void register(MetricsRegistry metrics) {
        metrics.gauge(
                "culvert_pod_clusters",
                "Ports of pods that clients addressed themselves, and not by a service",
                clusters::size);
        metrics.source(sink -> {
            sink.accept(ClusterMetrics.counter(
                    "culvert_pod_clusters_dropped",
                    "Ports of pods that were forgotten: idle, idle while there were too many, or the pod is gone",
                    "reason",
                    Map.of("idle", idle.sum(), "too_many", evicted.sum(), "gone", gone.sum())));
            sink.accept(ClusterMetrics.counter(
                    "culvert_pod_clusters_refused",
                    "Requests and connections that were one port of a pod too many",
                    "reason",
                    Map.of("too_many", refused.sum())));
        });
    }
}

package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Endpoints;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.RouteTable;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A cluster over all route tables in which it is: its hosts and how they do, its limits, its connections. Any thread; what
 * changes the set of hosts takes the lock, what reads it does not.
 */
final class ClusterState {
    private final String key;
    private final int port;
    private final Surroundings surroundings;
    private final ClusterStats stats;
    private final Outliers outliers = new Outliers(this);
    private final LoopPools[] pools;
    private final ReentrantLock lock = new ReentrantLock();

    private volatile @Nullable HostSet hosts;
    private volatile ClusterPolicy policy = ClusterPolicy.DEFAULT;
    /** The state that {@link #hosts} was last held against. */
    private volatile MeshState seen = MeshState.EMPTY;

    private volatile boolean removed;
    /** When it was last used, for those that are dropped when they are idle. */
    private volatile long used;

    /** By uid. Guarded by the lock. */
    private Map<String, Host> known = new HashMap<>();
    /** Of the cluster of a workload: what {@link #hosts} was made of. Guarded by the lock. */
    private @Nullable Workload addressed;
    /** Whether a sweep is to come. Guarded by the lock. */
    private boolean sweeping;

    ClusterState(String key, int port, Surroundings surroundings) {
        this.key = key;
        this.port = port;
        this.surroundings = surroundings;
        stats = new ClusterStats(key);
        pools = new LoopPools[surroundings.loops().size()];
        for (int i = 0; i < pools.length; i++) {
            pools[i] = new LoopPools(this, surroundings, i);
        }
    }

    String key() {
        return key;
    }

    /** Service port. */
    int port() {
        return port;
    }

    ClusterStats stats() {
        return stats;
    }

    Outliers outliers() {
        return outliers;
    }

    /** The latest policy. */
    ClusterPolicy policy() {
        return policy;
    }

    Surroundings surroundings() {
        return surroundings;
    }

    LoopPools pools(int loop) {
        return pools[loop];
    }

    long now() {
        return surroundings.clock().getAsLong();
    }

    /** Whether nothing new should be kept for it: it is in no table, or its service is gone. */
    boolean removed() {
        return removed;
    }

    /** It is in use now. */
    void touch() {
        used = now();
    }

    /** Nanoseconds since it was last used; none while requests are under way or waiting. */
    long idleNanos(long now) {
        return stats.requests() > 0 || stats.pending() > 0 ? 0 : Math.max(0, now - used);
    }

    /** How many hosts may be chosen, ejected or not. */
    int members() {
        HostSet set = hosts;
        return set == null ? 0 : set.members.length;
    }

    /** The cluster as it was last used; null before it was. */
    @Nullable
    Cluster cluster() {
        HostSet set = hosts;
        return set == null ? null : set.source.cluster();
    }

    /** The hosts as the mesh and the table have them now. */
    @SuppressWarnings("ReferenceEquality") // one snapshot or another
    HostSet current(Cluster cluster, RouteTable table) {
        MeshState mesh = surroundings.mesh().get();
        HostSet set = hosts;
        return set != null && mesh == seen && fits(set, cluster, labels(cluster, table))
                ? set
                : update(cluster, labels(cluster, table), mesh);
    }

    /** The mesh has changed; whoever left is drained at once. */
    void onMesh(MeshState mesh) {
        HostSet set = hosts;
        if (set != null) {
            update(set.source.cluster(), set.source.labels(), mesh);
        }
    }

    /** A table came that has the cluster in it. */
    void onTable(Cluster cluster, RouteTable table) {
        HostSet set = hosts;
        if (set != null && !fits(set, cluster, labels(cluster, table))) {
            update(cluster, labels(cluster, table), surroundings.mesh().get());
        }
    }

    @SuppressWarnings("ReferenceEquality") // labels are replaced as a whole, and compared for each request
    private static boolean fits(HostSet set, Cluster cluster, Map<String, Map<String, String>> labels) {
        Cluster own = set.source.cluster();
        return (own == cluster || own.equals(cluster)) && set.source.labels() == labels;
    }

    /** Labels, where they matter: otherwise a cluster would keep a whole old table's, and change with every table. */
    private static Map<String, Map<String, String>> labels(Cluster cluster, RouteTable table) {
        var locality = cluster.policy().loadBalancer().locality();
        return cluster.labels().isEmpty()
                        && (locality == null || locality.failoverPriority().isEmpty())
                ? Map.of()
                : table.labels();
    }

    @SuppressWarnings("ReferenceEquality") // the mesh shares what has not changed
    private HostSet update(Cluster cluster, Map<String, Map<String, String>> labels, MeshState mesh) {
        lock.lock();
        try {
            HostSet before = hosts;
            Endpoints endpoints =
                    cluster.isWorkload() ? itself(cluster, mesh, before) : mesh.endpoints(cluster.serviceKey());
            Service service = mesh.service(cluster.serviceKey());
            Workload self = surroundings.self(mesh);
            if (before != null
                    && fits(before, cluster, labels)
                    && before.source.endpoints() == endpoints
                    && before.source.service() == service
                    && before.source.self() == self) {
                seen = mesh;
                return before;
            }
            HostSet after = rebuild(new HostSet.Source(cluster, labels, endpoints, service, self), before == null);
            hosts = after;
            seen = mesh;
            return after;
        } finally {
            lock.unlock();
        }
    }

    /** The workload that was addressed, while it has the address; the same object while it stays as it is. */
    @SuppressWarnings("ReferenceEquality") // the mesh shares what has not changed
    private Endpoints itself(Cluster cluster, MeshState mesh, @Nullable HostSet before) {
        Workload workload = mesh.workload(cluster.workloadUid());
        Ip address = cluster.workloadAddress();
        if (workload == null || !workload.addresses().contains(address)) {
            return Endpoints.NONE;
        }
        if (before != null && workload == addressed) {
            return before.source.endpoints();
        }
        addressed = workload;
        return Endpoints.of(new Endpoint(workload.at(address), PortMap.of(cluster.port(), cluster.port())));
    }

    private HostSet rebuild(HostSet.Source source, boolean first) {
        apply(source.cluster().policy());
        HostSetBuilder builder = new HostSetBuilder(source, surroundings.balancing());
        Map<String, Host> next = new HashMap<>();
        // With nobody to compare with, a slow start would only be slow.
        boolean warm = first || known.isEmpty();
        for (Endpoint endpoint : source.endpoints().all()) {
            Workload workload = endpoint.workload();
            int target = target(source, endpoint);
            if (target <= 0 || !selected(source, workload)) {
                continue;
            }
            if (!ready(source, workload)) {
                builder.addUnready(workload);
                continue;
            }
            Endpoint resolved = endpoint.ports().target(source.cluster().port()) == target
                    ? endpoint
                    : new Endpoint(workload, PortMap.of(source.cluster().port(), target));
            Host host = known.get(workload.uid());
            if (host != null && host.reachedAs(resolved, target)) {
                host.endpoint(resolved);
            } else {
                host = new Host(resolved, target, now(), warm, pools.length);
            }
            next.put(host.uid, host);
            builder.add(host);
        }
        Map<String, Host> left = known;
        known = next;
        left.values().stream().filter(h -> next.get(h.uid) != h).forEach(this::leave);
        return builder.build();
    }

    private static boolean selected(HostSet.Source source, Workload workload) {
        Map<String, String> wanted = source.cluster().labels();
        return wanted.isEmpty()
                || source.labels()
                        .getOrDefault(workload.uid(), Map.of())
                        .entrySet()
                        .containsAll(wanted.entrySet());
    }

    private static boolean ready(HostSet.Source source, Workload workload) {
        Service service = source.service();
        // Who addresses a pod wants that one, however it is.
        boolean all = source.cluster().isWorkload()
                || (service != null && service.loadBalancing().healthPolicy() == HealthPolicy.ALLOW_ALL);
        return (workload.healthy() || all)
                && !(workload.addresses().isEmpty() && workload.hostname().isEmpty());
    }

    /** The endpoint's own map first, then the service's (as ztunnel). */
    private static int target(HostSet.Source source, Endpoint endpoint) {
        int own = endpoint.ports().target(source.cluster().port());
        Service service = source.service();
        return own > 0 || service == null
                ? own
                : service.ports().target(source.cluster().port());
    }

    private void leave(Host host) {
        host.leave();
        stats.count(ClusterStats.Count.ENDPOINTS_DRAINED);
        if (host.ejected()) {
            stats.ejected.decrementAndGet();
        }
        for (int i = 0; i < pools.length; i++) {
            LoopPools of = pools[i];
            surroundings.loops().run(i, () -> of.drain(host));
        }
    }

    private void apply(ClusterPolicy changed) {
        OutlierDetection before = policy.outliers();
        boolean otherLimits = !policy.limits().equals(changed.limits());
        policy = changed;
        if (otherLimits) {
            // Who waits at a limit may go on if it is higher now.
            for (int i = 0; i < pools.length; i++) {
                surroundings.loops().run(i, pools[i]::feed);
            }
        }
        if (before != null && changed.outliers() == null) {
            outliers.readmitAll(known.values());
        }
        if (changed.outliers() != null && !sweeping) {
            sweeping = true;
            sweepLater(changed.outliers());
        }
    }

    private void sweepLater(OutlierDetection detection) {
        var loop = surroundings.loops().get(Math.floorMod(key.hashCode(), pools.length));
        if (!loop.isShuttingDown()) {
            var _ = loop.schedule(this::sweep, Math.max(1, detection.interval().toMillis()), TimeUnit.MILLISECONDS);
        }
    }

    private void sweep() {
        locked(() -> {
            OutlierDetection detection = policy.outliers();
            sweeping = detection != null && !removed;
            if (detection != null && !removed) {
                outliers.sweep(known.values(), detection);
                sweepLater(detection);
            }
        });
    }

    /** Runs something that changes hosts. */
    void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    /** Ejections have changed. Under the lock. */
    void refresh() {
        HostSet set = hosts;
        if (set != null) {
            hosts = set.refreshed();
        }
    }

    /** The cluster is gone: requests under way end, connections are retired. */
    void remove() {
        locked(() -> {
            removed = true;
            Map<String, Host> left = known;
            known = new HashMap<>();
            hosts = null;
            left.values().forEach(this::leave);
        });
    }
}

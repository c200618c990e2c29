package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshListener;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.LoadBalancer.HashKey;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.tunnel.Connector;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * All clusters that are in use. What it knows of endpoints and connections outlives route tables: it is kept by cluster key
 * and workload, and forgotten when the cluster is in no table and its service is gone. Those of single pods, which are in
 * no table, are kept apart and are forgotten when they are idle. Any thread.
 *
 * <p>Register it as a listener of the mesh and call {@link #onTable} with each new table before requests use it; without
 * that, changes count from a cluster's next request on, and nothing is forgotten.
 */
public final class ClusterBook implements Upstreams, TcpUpstreams, MeshListener {
    private static final Wait NOTHING = () -> {};

    private final Surroundings surroundings;
    private final ConcurrentHashMap<String, ClusterState> clusters = new ConcurrentHashMap<>();
    private final PodClusters pods;
    private volatile RouteTable latest = RouteTable.EMPTY;

    /**
     * @param loops whose requests it serves
     * @param mesh one volatile read
     * @param selfUid of the waypoint's own workload, whose place decides about localities; "" when it has none
     */
    public ClusterBook(
            EventLoopGroup loops, Supplier<MeshState> mesh, String selfUid, Connector connector, ClientCodecs codecs) {
        this(
                loops,
                mesh,
                selfUid,
                connector,
                codecs,
                System::nanoTime,
                () -> ThreadLocalRandom.current().nextLong());
    }

    ClusterBook(
            EventLoopGroup loops,
            Supplier<MeshState> mesh,
            String selfUid,
            Connector connector,
            ClientCodecs codecs,
            LongSupplier clock,
            RandomGenerator random) {
        this(new Surroundings(new Loops(loops), mesh, selfUid, connector, codecs, clock, random), PodClusters.MOST);
    }

    /** @param mostPods clusters of single pods at once */
    ClusterBook(Surroundings surroundings, int mostPods) {
        this.surroundings = surroundings;
        pods = new PodClusters(surroundings, mostPods);
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // comparing whole tables for each request would be absurd
    public Wait acquire(Try attempt) {
        Cluster cluster = attempt.cluster();
        RouteTable table = attempt.table();
        RouteTable now = latest;
        if (table != now) {
            // An older request must not bring an older policy back for everybody.
            Cluster newer = now.clusters().get(cluster.key());
            if (newer != null) {
                cluster = newer;
                table = now;
            }
        }
        ClusterState state = state(cluster);
        if (state == null) {
            attempt.onUnavailable(Unavailable.OVERFLOW, pods.full());
            return NOTHING;
        }
        Lease lease =
                new Lease(state, attempt, cluster, table, surroundings.loops().indexOf(attempt.loop()));
        lease.start();
        return lease.isOver() ? NOTHING : lease;
    }

    @Override
    public @Nullable Endpoint choose(Cluster cluster, RouteTable table, InetAddress source, Set<String> tried) {
        ClusterState state = state(cluster);
        Host host = state == null ? null : host(state, cluster, table, source, tried);
        return host == null ? null : host.endpoint();
    }

    @Override
    public Result open(Cluster cluster, RouteTable table, InetAddress source, Set<String> tried) {
        ClusterState state = state(cluster);
        if (state == null) {
            return new Result.Refused(Unavailable.OVERFLOW, pods.full());
        }
        Host host = host(state, cluster, table, source, tried);
        if (host == null) {
            state.stats().count(ClusterStats.Count.NO_ENDPOINT);
            return new Result.Refused(
                    Unavailable.NO_ENDPOINT,
                    cluster.isWorkload()
                            ? "pod " + cluster.workloadUid() + " is gone"
                            : "no ready endpoint of " + cluster.key() + ": see whether its pods are ready");
        }
        int limit = state.policy().limits().connections();
        if (!ClusterStats.take(state.stats().connections, limit)) {
            state.stats().count(ClusterStats.Count.CONNECTION_OVERFLOW);
            return new Result.Refused(
                    Unavailable.OVERFLOW,
                    limit + " connections to " + cluster.key() + " are open already, which is the limit");
        }
        return new Result.Chosen(new TcpLease(state, host));
    }

    private @Nullable Host host(
            ClusterState state, Cluster cluster, RouteTable table, InetAddress source, Set<String> tried) {
        HostSet hosts = state.current(cluster, table);
        boolean hashed = cluster.policy().loadBalancer().hash() instanceof HashKey.SourceIp;
        long hash = hashed ? Hash64.of(source.getAddress()) : 0;
        return hosts.choose(surroundings.loops().current(), hashed, hash, tried);
    }

    /** Null for a pod when too many of them are in use. */
    private @Nullable ClusterState state(Cluster cluster) {
        if (cluster.isWorkload()) {
            return pods.state(cluster);
        }
        ClusterState known = clusters.get(cluster.key());
        return known != null
                ? known
                : clusters.computeIfAbsent(cluster.key(), k -> new ClusterState(k, cluster.port(), surroundings));
    }

    /** From now on requests may come with this table. Clusters that it no longer has are forgotten. */
    public void onTable(RouteTable table) {
        latest = table;
        MeshState mesh = surroundings.mesh().get();
        for (ClusterState state : clusters.values()) {
            Cluster cluster = table.clusters().get(state.key());
            if (cluster != null) {
                state.onTable(cluster, table);
            } else {
                forget(state, mesh);
            }
        }
    }

    @Override
    public void onChanged(MeshState before, MeshState after, MeshDelta delta) {
        pods.onMesh(after);
        for (ClusterState state : clusters.values()) {
            state.onMesh(after);
            if (!latest.clusters().containsKey(state.key())) {
                forget(state, after);
            }
        }
    }

    /** A subset lives as long as a table has it; a service's own port, which needs no table, as long as the service. */
    private void forget(ClusterState state, MeshState mesh) {
        Cluster cluster = state.cluster();
        if (cluster != null
                && (!cluster.subset().isEmpty() || mesh.service(cluster.serviceKey()) == null)
                && clusters.remove(state.key(), state)) {
            state.remove();
        }
    }

    /** Tells of every cluster in use at each scrape. */
    public void register(MetricsRegistry metrics) {
        metrics.source(sink -> ClusterMetrics.collect(all(), sink));
        pods.register(metrics);
    }

    /** What each cluster that is in use counts. Those of pods are one: who dials pods decides how many there are. */
    public List<ClusterStats> all() {
        List<ClusterStats> all = new ArrayList<>(stats());
        if (pods.everUsed()) {
            all.add(pods.total());
        }
        return all;
    }

    /** What each cluster of a service that is in use counts. */
    public Collection<ClusterStats> stats() {
        return clusters.values().stream().map(ClusterState::stats).toList();
    }
}

package io.culvert.waypoint.cluster;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one cluster on one loop, and their share of the limit, which counts over all loops. Owned by: its
 * loop.
 *
 * <p>At the limit a pool that needs a connection takes the place of one that is idle in another pool, else waits until one
 * is. A loop without any connection of the cluster makes one in spite of the limit, since it could wait forever: the limit
 * can be exceeded by one for each loop but the first.
 */
final class LoopPools {
    final Surroundings surroundings;
    private final ClusterState cluster;
    private final int index;
    private final EventLoop loop;
    private final List<Pool> pools = new ArrayList<>();
    /** Pools that wait for a place. */
    private final ArrayDeque<Pool> starving = new ArrayDeque<>();
    /** Whether {@link #starving} has any; any thread may read. */
    private volatile boolean hungry;

    private int connections;

    LoopPools(ClusterState cluster, Surroundings surroundings, int index) {
        this.cluster = cluster;
        this.surroundings = surroundings;
        this.index = index;
        loop = surroundings.loops().get(index);
    }

    ClusterState cluster() {
        return cluster;
    }

    EventLoop loop() {
        return loop;
    }

    Pool of(Host host, boolean http2) {
        Pool pool = host.pool(index, http2);
        if (pool == null) {
            pool = new Pool(this, host, http2);
            host.pool(index, http2, pool);
            pools.add(pool);
        }
        return pool;
    }

    /** The host is an endpoint no more. */
    void drain(Host host) {
        for (int p = 0; p < 2; p++) {
            Pool pool = host.pool(index, p == 1);
            if (pool != null) {
                pools.remove(pool);
                pool.drain();
            }
        }
    }

    /** Whether {@code pool} may make a connection now. If not, its turn comes when there is a place. */
    boolean reserve(Pool pool) {
        int limit = cluster.policy().limits().connections();
        if (ClusterStats.take(cluster.stats().connections, limit)) {
            connections++;
            return true;
        }
        cluster.stats().count(ClusterStats.Count.CONNECTION_OVERFLOW);
        if (evictIdle(pool) && ClusterStats.take(cluster.stats().connections, limit)) {
            connections++;
            return true;
        }
        if (connections == 0) {
            connections = 1;
            cluster.stats().connections.incrementAndGet();
            return true;
        }
        if (!starving.contains(pool)) {
            starving.add(pool);
            hungry = true;
        }
        return false;
    }

    private boolean evictIdle(Pool but) {
        for (Pool pool : pools) {
            if (pool != but && pool.evictIdle()) {
                return true;
            }
        }
        return false;
    }

    /** Whether a connection that is idle should make place for one of another pool. */
    boolean wantsPlace(Pool own) {
        Pool first = starving.peek();
        return first != null && first != own;
    }

    /** A connection is gone, or was never made. */
    void release() {
        connections--;
        cluster.stats().connections.decrementAndGet();
        feed();
        LoopPools other = hungryNeighbour();
        if (other != null) {
            surroundings.loops().run(other.index, other::feed);
        }
    }

    private @Nullable LoopPools hungryNeighbour() {
        for (int i = 1; i < surroundings.loops().size(); i++) {
            LoopPools other = cluster.pools((index + i) % surroundings.loops().size());
            if (other.hungry) {
                return other;
            }
        }
        return null;
    }

    /** Gives free places to those that wait for one, who were first. */
    void feed() {
        for (int most = starving.size(); most > 0 && hasPlace(); most--) {
            Pool pool = starving.poll();
            hungry = !starving.isEmpty();
            if (pool == null) {
                return;
            }
            pool.connectAsNeeded();
        }
    }

    private boolean hasPlace() {
        return connections == 0
                || cluster.stats().connections() < cluster.policy().limits().connections();
    }
}

package io.culvert.waypoint.cluster;

import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.waypoint.http.ClientConnection;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection in its pool. Owned by: its loop. */
final class PooledConnection implements ClientConnection.Listener {
    final ClientConnection connection;
    /** Whether it is among the pool's ready ones. */
    boolean ready;

    private final Pool pool;
    private int granted;
    private boolean retired;
    private boolean closed;
    private long idleSince;
    private @Nullable Future<?> idleTimer;

    PooledConnection(Pool pool, ClientConnection connection) {
        this.pool = pool;
        this.connection = connection;
        connection.listener(this);
        touched();
        Duration idle = pool.limits().idle();
        if (idle.isPositive()) {
            watchIdle(idle.toNanos());
        }
    }

    /** How many more requests may be given to it now. */
    int room() {
        if (retired || closed) {
            return 0;
        }
        ConnectionLimits limits = pool.limits();
        int room = connection.capacity();
        if (pool.http2()) {
            room = Math.min(room, limits.streamsPerConnection() - connection.active());
        }
        if (limits.requestsPerConnection() > 0) {
            room = Math.min(room, limits.requestsPerConnection() - granted);
        }
        return Math.max(0, room);
    }

    boolean idle() {
        return !retired && !closed && connection.active() == 0;
    }

    void grant() {
        granted++;
    }

    /** To be called after a request was sent on it: was that the last one? */
    void retireWhenSpent() {
        int most = pool.limits().requestsPerConnection();
        if (most > 0 && granted >= most) {
            retire();
        }
    }

    /** A request on it has ended, as far as its router is concerned. */
    void over() {
        pool.offer(this);
    }

    void touched() {
        idleSince = pool.now();
    }

    /** Gives it no more requests; it closes when those under way have ended. */
    void retire() {
        if (!retired && !closed) {
            retired = true;
            pool.unready(this);
            connection.retire();
        }
    }

    private void watchIdle(long nanos) {
        idleTimer = pool.loop().schedule(this::onIdleTimer, nanos, TimeUnit.NANOSECONDS);
    }

    /** One timer for the life of the connection that runs after what is left, not one for each request. */
    private void onIdleTimer() {
        long limit = pool.limits().idle().toNanos();
        long left = limit - (pool.now() - idleSince);
        if (closed || retired || limit <= 0) {
            return;
        }
        if (connection.active() > 0) {
            watchIdle(limit);
        } else if (left > 0) {
            watchIdle(left);
        } else {
            retire();
        }
    }

    @Override
    public void onCapacity(ClientConnection own) {
        pool.offer(this);
    }

    @Override
    public void onClosed(ClientConnection own) {
        if (!closed) {
            closed = true;
            if (idleTimer != null) {
                idleTimer.cancel(false);
            }
            pool.closed(this);
        }
    }
}

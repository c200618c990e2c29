package io.culvert.waypoint.cluster;

import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.tunnel.Connector;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one loop to one endpoint over one protocol, and the requests that wait for one. The connection that
 * was used last is used next, so that those that are not needed fall idle. Owned by: its loop.
 */
final class Pool {
    /** As many streams as peers usually allow before they have said so: what one connection under way is worth. */
    private static final int USUAL_STREAMS = 100;

    private final LoopPools siblings;
    private final ClusterState cluster;
    private final Host host;
    private final boolean http2;
    /** Those with room, the one that was used last at the end. */
    private final ArrayDeque<PooledConnection> ready = new ArrayDeque<>();

    private final Set<PooledConnection> open = new LinkedHashSet<>();
    private final Set<Connecting> connecting = new LinkedHashSet<>();
    private final ArrayDeque<Lease> waiting = new ArrayDeque<>();

    Pool(LoopPools siblings, Host host, boolean http2) {
        this.siblings = siblings;
        this.host = host;
        this.http2 = http2;
        cluster = siblings.cluster();
    }

    boolean http2() {
        return http2;
    }

    EventLoop loop() {
        return siblings.loop();
    }

    long now() {
        return cluster.now();
    }

    ConnectionLimits limits() {
        return cluster.policy().limits();
    }

    /** Serves a request now, or as soon as there is a connection with room. */
    void take(Lease lease) {
        assert loop().inEventLoop();
        if (host.gone()) {
            lease.restart();
            return;
        }
        PooledConnection connection = next();
        if (connection != null) {
            grant(connection, lease);
        } else if (ClusterStats.take(cluster.stats().pending, limits().pending())) {
            waiting.addLast(lease);
            lease.waitsIn(this);
            connectAsNeeded();
        } else {
            cluster.stats().count(ClusterStats.Count.PENDING_OVERFLOW);
            lease.refuse(
                    Upstreams.Unavailable.OVERFLOW,
                    "more than " + limits().pending() + " requests wait for a connection to " + cluster.key()
                            + ": raise the limit of pending requests, or add endpoints");
        }
    }

    /** A request that waited does no more. */
    void forget(Lease lease) {
        if (waiting.remove(lease)) {
            cluster.stats().pending.decrementAndGet();
        }
    }

    private @Nullable PooledConnection next() {
        for (PooledConnection last = ready.peekLast(); last != null; last = ready.peekLast()) {
            if (last.room() > 0) {
                return last;
            }
            unready(last);
        }
        return null;
    }

    private void grant(PooledConnection connection, Lease lease) {
        connection.touched();
        lease.granted(connection);
        connection.retireWhenSpent();
        if (connection.room() == 0) {
            unready(connection);
        }
    }

    /** The connection may have room again. */
    void offer(PooledConnection connection) {
        if (!open.contains(connection)) {
            return;
        }
        connection.touched();
        if (!host.gone() && connection.room() > 0) {
            if (!connection.ready) {
                connection.ready = true;
                ready.addLast(connection);
            }
            serve();
        }
        boolean leaving = host.gone() || (cluster.removed() && waiting.isEmpty());
        if (leaving || (siblings.wantsPlace(this) && connection.idle())) {
            connection.retire();
        }
    }

    private void serve() {
        while (!waiting.isEmpty()) {
            PooledConnection connection = next();
            Lease lease = connection == null ? null : waiting.pollFirst();
            if (connection == null || lease == null) {
                return;
            }
            cluster.stats().pending.decrementAndGet();
            grant(connection, lease);
        }
    }

    void unready(PooledConnection connection) {
        if (connection.ready) {
            connection.ready = false;
            ready.removeLastOccurrence(connection);
        }
    }

    /** Closes one connection that nobody uses, if there is one: the one that was idle for longest. */
    boolean evictIdle() {
        for (PooledConnection candidate : ready) {
            if (candidate.idle()) {
                candidate.retire();
                return true;
            }
        }
        return false;
    }

    void closed(PooledConnection connection) {
        unready(connection);
        if (open.remove(connection)) {
            siblings.release();
            connectAsNeeded();
        }
    }

    /** Makes as many connections as those that wait need, within the limit. */
    void connectAsNeeded() {
        if (host.gone()) {
            redirect();
            return;
        }
        int each = worth();
        while ((long) connecting.size() * each < waiting.size()) {
            if (!siblings.reserve(this)) {
                return;
            }
            cluster.stats().count(ClusterStats.Count.CONNECTIONS);
            Connecting attempt = new Connecting();
            connecting.add(attempt);
            attempt.start();
        }
    }

    /** How many requests one more connection will surely take. */
    private int worth() {
        ConnectionLimits limits = limits();
        int worth = http2 ? Math.min(USUAL_STREAMS, limits.streamsPerConnection()) : 1;
        return Math.max(
                1, limits.requestsPerConnection() > 0 ? Math.min(worth, limits.requestsPerConnection()) : worth);
    }

    private void connected(ClientConnection client) {
        PooledConnection connection = new PooledConnection(this, client);
        open.add(connection);
        offer(connection);
        connectAsNeeded();
    }

    private void failed(boolean timedOut, String detail) {
        cluster.stats().count(timedOut ? ClusterStats.Count.CONNECT_TIMEOUTS : ClusterStats.Count.CONNECT_FAILURES);
        OutlierDetection detection = cluster.policy().outliers();
        if (detection != null) {
            cluster.outliers().localFailure(host, detection);
        }
        // Who waited for this connection should try elsewhere; the others still have something to wait for.
        boolean hopeless = open.isEmpty() && connecting.isEmpty();
        List<Lease> refused = new ArrayList<>();
        while (!waiting.isEmpty() && (hopeless || refused.isEmpty())) {
            refused.add(waiting.removeFirst());
            cluster.stats().pending.decrementAndGet();
        }
        siblings.release();
        Upstreams.Unavailable why =
                timedOut ? Upstreams.Unavailable.CONNECT_TIMEOUT : Upstreams.Unavailable.CONNECT_FAILED;
        for (Lease lease : refused) {
            lease.refuse(why, detail);
        }
        connectAsNeeded();
    }

    /** The endpoint is one no more: what is under way ends, nothing follows, and who waits is sent elsewhere. */
    void drain() {
        for (PooledConnection connection : List.copyOf(open)) {
            connection.retire();
        }
        for (Connecting attempt : List.copyOf(connecting)) {
            attempt.cancel();
        }
        redirect();
    }

    private void redirect() {
        while (!waiting.isEmpty()) {
            Lease lease = waiting.removeFirst();
            cluster.stats().pending.decrementAndGet();
            lease.restart();
        }
    }

    /** A connection that is being made. */
    private final class Connecting extends ChannelInitializer<Channel> implements Connector.Listener {
        private @Nullable ClientConnection client;
        private Connector.@Nullable Attempt attempt;
        private boolean over;

        void start() {
            Surroundings with = siblings.surroundings;
            var begun = with.connector()
                    .connect(loop(), host.endpoint(), cluster.port(), limits().connectTimeout(), this, this);
            if (!over) {
                attempt = begun;
            }
        }

        @Override
        protected void initChannel(Channel channel) {
            ClientCodecs codecs = siblings.surroundings.codecs();
            client = http2 ? codecs.http2(channel) : codecs.http1(channel);
        }

        void cancel() {
            if (!end()) {
                return;
            }
            if (attempt != null) {
                attempt.cancel();
            }
            siblings.release();
        }

        private boolean end() {
            over = true;
            return connecting.remove(this);
        }

        @Override
        public void onConnected(Channel channel) {
            if (!end()) {
                channel.close();
                return;
            }
            if (client == null) {
                initChannel(channel);
            }
            if (client != null) {
                connected(client);
            }
        }

        @Override
        public void onFailed(boolean timedOut, String detail) {
            if (end()) {
                failed(timedOut, detail);
            }
        }
    }
}

package io.culvert.waypoint.tunnel;

import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.WaypointConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The connections of clients that are open, which have a bound: each takes memory before anything is known of what it
 * will do, and the clients are many. Any thread.
 */
final class OpenConnections {
    private final int most;
    private final InstantSource clock;
    private final AtomicInteger count = new AtomicInteger();
    private final Set<Open> all = ConcurrentHashMap.newKeySet();

    OpenConnections(int most, InstantSource clock) {
        this.most = most;
        this.clock = clock;
    }

    /** One that is open until it is closed. */
    final class Open {
        final Client client;
        private final Instant since;
        private volatile String protocol = "unknown";

        private Open(Client client, Instant since) {
            this.client = client;
            this.since = since;
        }

        void speaks(String what) {
            protocol = what;
        }

        /** Idempotent. */
        void close() {
            if (all.remove(this)) {
                count.getAndDecrement();
            }
        }

        private WaypointConnection view() {
            return new WaypointConnection(client, protocol, since);
        }
    }

    /** Takes a place; null when there is none. */
    @Nullable
    Open enter(Client client) {
        if (count.incrementAndGet() > most) {
            count.getAndDecrement();
            return null;
        }
        Open open = new Open(client, clock.instant());
        all.add(open);
        return open;
    }

    /** Why {@link #enter} gave none. */
    String full() {
        return most + " connections of clients are open already, which is the limit (--max-connections)";
    }

    List<WaypointConnection> views() {
        return all.stream().map(Open::view).toList();
    }

    void register(MetricsRegistry metrics) {
        metrics.gauge(
                "culvert_waypoint_connections", "Connections of clients that are open, of any protocol", count::get);
        metrics.gauge("culvert_waypoint_connections_limit", "Limit of culvert_waypoint_connections", () -> most);
    }
}

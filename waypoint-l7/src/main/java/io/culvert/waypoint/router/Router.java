package io.culvert.waypoint.router;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.cluster.Upstreams;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.telemetry.RequestTelemetry;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Takes the requests of all clients to where the table sends them. Any thread; each request stays on its loop. */
public final class Router {
    private final Supplier<RouteTable> tables;
    private final Upstreams upstreams;
    private final RequestTelemetry telemetry;
    private final RouterSettings settings;
    private final Chance chance;
    private final AtomicInteger mirrors = new AtomicInteger();

    /** @param tables asked once for each request, which keeps what it gets */
    public Router(
            Supplier<RouteTable> tables,
            Upstreams upstreams,
            RequestTelemetry telemetry,
            RouterSettings settings,
            Chance chance) {
        this.tables = tables;
        this.upstreams = upstreams;
        this.telemetry = telemetry;
        this.settings = settings;
        this.chance = chance;
    }

    /** Takes the requests of one client connection. */
    public RequestHandler handler(Client client) {
        return new ClientRequests(this, client);
    }

    RouteTable table() {
        return tables.get();
    }

    Upstreams upstreams() {
        return upstreams;
    }

    RequestTelemetry telemetry() {
        return telemetry;
    }

    RouterSettings settings() {
        return settings;
    }

    Chance chance() {
        return chance;
    }

    /** Takes a place among the mirrors under way; false when there is none. */
    boolean enterMirror() {
        if (mirrors.incrementAndGet() > settings.mirrorsAtOnce()) {
            mirrors.decrementAndGet();
            return false;
        }
        return true;
    }

    void leaveMirror() {
        mirrors.decrementAndGet();
    }

    /** The cluster that a backend names. A whole service needs no entry in the table; a subset without one is unknown. */
    static @Nullable Cluster cluster(RouteTable table, Backend.ToCluster backend) {
        Cluster known = table.clusters().get(backend.key());
        if (known != null) {
            return known;
        }
        String key = backend.key();
        int subset = key.lastIndexOf('|');
        int port = key.lastIndexOf('|', subset - 1);
        if (port < 0 || subset != key.length() - 1) {
            return null;
        }
        try {
            return Cluster.of(key.substring(0, port), Integer.parseInt(key, port + 1, subset, 10), Protocol.HTTP);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}

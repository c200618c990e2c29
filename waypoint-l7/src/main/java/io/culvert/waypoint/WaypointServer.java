package io.culvert.waypoint;

import io.culvert.core.lifecycle.Component;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.waypoint.cluster.ClusterBook;
import io.culvert.waypoint.cluster.ClusterStats;
import io.culvert.waypoint.router.Chance;
import io.culvert.waypoint.router.Router;
import io.culvert.waypoint.router.RouterSettings;
import io.culvert.waypoint.telemetry.RequestTelemetry;
import io.culvert.waypoint.tunnel.TunnelServer;
import io.culvert.waypoint.tunnel.Tunnels;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * A waypoint: ends the tunnels of the clients of its services, routes their requests and passes on other bytes. Have its
 * certificate before the start. Any thread.
 */
public final class WaypointServer implements Component {
    private final WaypointContext context;
    private final Tunnels tunnels;
    private final ClusterBook clusters;
    private final TunnelServer server;
    private volatile RouteTable table = RouteTable.EMPTY;

    /**
     * A waypoint that does not listen yet.
     *
     * @param accessLog takes a line for each request
     */
    public WaypointServer(WaypointSettings settings, WaypointContext context, AccessLog accessLog) {
        this.context = context;
        tunnels = new Tunnels(settings, context);
        HttpCodecs codecs = new HttpCodecs(context.telemetry().metrics());
        clusters =
                new ClusterBook(context.loops(), context.store()::current, settings.uid(), tunnels.connector(), codecs);
        clusters.register(context.telemetry().metrics());
        Router router = new Router(
                this::table,
                clusters,
                new RequestTelemetry(
                        context.telemetry().metrics(), accessLog, context.store()::current, settings.network()),
                RouterSettings.DEFAULT,
                Chance.RANDOM);
        server = new TunnelServer(tunnels, this::table, codecs, router::handler, clusters);
    }

    /** The routes of this moment. */
    public RouteTable table() {
        return table;
    }

    /** Requests and connections that come from now on go by {@code next}; those under way end as they began. */
    public void onTable(RouteTable next) {
        clusters.onTable(next);
        table = next;
    }

    /** The connections of clients that are open at this moment. */
    public List<WaypointConnection> connections() {
        return server.connections();
    }

    /** What the clusters that are in use count; those of pods are one. */
    public List<ClusterStats> clusters() {
        return clusters.all();
    }

    @Override
    public String name() {
        return "waypoint";
    }

    @Override
    public void start() throws Exception {
        context.store().addListener(clusters);
        tunnels.start();
        server.start();
    }

    /** Where tunnels come in, once started. */
    public InetSocketAddress address() {
        return server.address();
    }

    /** Clients are told by GOAWAY, and by what their HTTP has for it, to go elsewhere; what is under way may finish. */
    @Override
    public void drain(Duration deadline) {
        server.drain(deadline);
    }

    @Override
    public void close() {
        context.store().removeListener(clusters);
        server.close();
        tunnels.close();
    }
}

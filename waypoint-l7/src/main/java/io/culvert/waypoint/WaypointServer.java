package io.culvert.waypoint;

import io.culvert.core.lifecycle.Component;
import io.culvert.waypoint.tunnel.Connector;
import io.culvert.waypoint.tunnel.RequestHandlers;
import io.culvert.waypoint.tunnel.ServerCodecs;
import io.culvert.waypoint.tunnel.Tunnels;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Function;

/**
 * A waypoint: ends the tunnels of the clients of its services and hands what is inside to a router or a relay. Have its
 * certificate before the start. Any thread.
 */
public final class WaypointServer implements Component {
    private final Tunnels tunnels;

    /**
     * A waypoint that does not listen yet.
     *
     * @param router makes what takes requests, given the way to endpoints; called once
     */
    public WaypointServer(
            WaypointSettings settings,
            WaypointContext context,
            ServerCodecs codecs,
            Function<Connector, RequestHandlers> router) {
        tunnels = new Tunnels(settings, context, codecs, router);
    }

    @Override
    public String name() {
        return "waypoint";
    }

    @Override
    public void start() throws Exception {
        tunnels.start();
    }

    /** Where tunnels come in, once started. */
    public InetSocketAddress address() {
        return tunnels.address();
    }

    /** Clients are told by GOAWAY, and by what their HTTP has for it, to go elsewhere; what is under way may finish. */
    @Override
    public void drain(Duration deadline) {
        tunnels.drain(deadline);
    }

    @Override
    public void close() {
        tunnels.close();
    }
}

package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.HboneServer;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.WaypointConnection;
import io.culvert.waypoint.cluster.TcpUpstreams;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where the tunnels of clients come in and end. Any thread. */
public final class TunnelServer implements AutoCloseable {
    private static final Duration BIND = Duration.ofSeconds(10);

    private final Tunnels tunnels;
    private final ConnectDispatcher dispatcher;
    private final HboneServer server;
    private final TunnelListener listener;
    private volatile @Nullable InetSocketAddress address;

    /**
     * A server that does not listen yet.
     *
     * @param tunnels its way to endpoints
     * @param routes the table of the moment; read once for each connection
     * @param requests takes the requests of HTTP connections
     * @param upstreams chooses endpoints for all others
     */
    public TunnelServer(
            Tunnels tunnels,
            Supplier<RouteTable> routes,
            ServerCodecs codecs,
            RequestHandlers requests,
            TcpUpstreams upstreams) {
        this.tunnels = tunnels;
        dispatcher = new ConnectDispatcher(
                tunnels.parts(routes, upstreams),
                codecs,
                requests,
                tunnels.refusedConnects(),
                tunnels.newConnections());
        server = tunnels.newServer(dispatcher);
        listener = tunnels.newListener(server.initializer());
    }

    /**
     * Listens.
     *
     * @throws IllegalStateException when the port cannot be had; the message names it
     */
    public void start() throws InterruptedException {
        tunnels.metrics()
                .gauge(
                        "culvert_waypoint_http_connections",
                        "HTTP connections of clients that are open",
                        dispatcher::open);
        dispatcher.connections().register(tunnels.metrics());
        try {
            address = listener.open(tunnels.settings().listen()).get(BIND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IllegalStateException(cause.getMessage(), e);
        }
    }

    /** Where tunnels come in, once started. */
    public InetSocketAddress address() {
        InetSocketAddress bound = address;
        if (bound == null) {
            throw new IllegalStateException("not started");
        }
        return bound;
    }

    /** The connections of clients that are open. */
    public List<WaypointConnection> connections() {
        return dispatcher.connections().views();
    }

    /** Stops accepting, tells clients to go elsewhere, and waits for what is under way until {@code deadline}. */
    public void drain(Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        listener.close();
        CompletableFuture<Void> drained = server.drain(deadline);
        dispatcher.drain();
        Tunnels.await(drained, end - System.nanoTime());
    }

    @Override
    public void close() {
        listener.close();
        server.close();
        // Waits until the channels are closed: the loops may stop right after this.
        Tunnels.await(server.drain(Duration.ZERO), TimeUnit.SECONDS.toNanos(2));
    }
}

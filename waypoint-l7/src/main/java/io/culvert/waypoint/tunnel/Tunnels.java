package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.HbonePool;
import io.culvert.core.hbone.HboneServer;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.linux.Transport;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshListener;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.Dialer;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.core.relay.Labels;
import io.culvert.core.relay.RelayTimers;
import io.culvert.core.relay.SocketFactory;
import io.culvert.core.relay.SocketTuning;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointSettings;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.EventExecutor;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tunnels of a waypoint: those of its clients that end here, and its own to the endpoints of services. Any thread. */
public final class Tunnels implements MeshListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tunnels.class);
    private static final Duration BIND = Duration.ofSeconds(10);

    private final WaypointSettings settings;
    private final WaypointContext context;
    private final List<EventLoop> loops;
    private final AtomicInteger nextLoop = new AtomicInteger();
    private final ByteBudget budget;
    private final SocketFactory sockets;
    private final SocketTuning tuning;
    private final Labels labels = new Labels();
    private final HbonePool pool;
    private final ConnectDispatcher dispatcher;
    private final HboneServer server;
    private final TunnelListener listener;
    // Found when the mesh changes: connections do not look for it.
    private volatile @Nullable Workload self;
    private volatile @Nullable String ownService;
    private volatile @Nullable InetSocketAddress address;

    /** @param router as {@link io.culvert.waypoint.WaypointServer} has it */
    public Tunnels(
            WaypointSettings settings,
            WaypointContext context,
            ServerCodecs codecs,
            Function<Connector, RequestHandlers> router) {
        this.settings = settings;
        this.context = context;
        loops = loops(context.loops());
        sockets = SocketFactory.plain(Transport.of(context.loops()));
        budget = ByteBudget.root(settings.budgets().all());
        tuning = new SocketTuning(settings.relay(), budget);
        pool = new HbonePool(
                loops, this::tunnelSocket, context.tls(), context.events(), settings.hbone(), context.clock());
        Outgoing outgoing = new Outgoing(settings.identity(), context.store()::current, () -> self, labels);
        Parts parts = new Parts(
                settings,
                context.store()::current,
                context.routes(),
                () -> self,
                pool,
                new Dialer(tuning),
                sockets,
                new RelayTimers(context.loops()),
                new EndpointChooser(bound -> ThreadLocalRandom.current().nextInt(bound)),
                outgoing,
                labels,
                context.telemetry(),
                bound -> ThreadLocalRandom.current().nextInt(bound));
        Connector connector = new HboneConnector(pool, sockets, tuning, this::newBudget, outgoing);
        dispatcher =
                new ConnectDispatcher(parts, codecs, router.apply(connector), new RefusedConnects(context.clock()));
        server = new HboneServer(
                settings.identity(),
                dispatcher,
                this::newBudget,
                context.tls(),
                context.events(),
                settings.hbone(),
                context.clock());
        listener = new TunnelListener(sockets, tuning, this::nextLoop, server.initializer(), context.telemetry());
    }

    private static List<EventLoop> loops(EventLoopGroup group) {
        List<EventLoop> list = new ArrayList<>();
        for (EventExecutor loop : group) {
            list.add((EventLoop) loop);
        }
        return List.copyOf(list);
    }

    private EventLoop nextLoop() {
        return loops.get(Math.floorMod(nextLoop.getAndIncrement(), loops.size()));
    }

    private ByteBudget newBudget() {
        return budget.child(settings.budgets().stream());
    }

    private Channel tunnelSocket(PoolKey key) {
        return sockets.connecting(
                key.destination().getAddress() instanceof Inet6Address
                        ? SocketProtocolFamily.INET6
                        : SocketProtocolFamily.INET);
    }

    /**
     * Listens.
     *
     * @throws IllegalStateException when the port cannot be had; the message names it
     */
    public void start() throws InterruptedException {
        context.store().addListener(this);
        self = findSelf(context.store().current());
        context.credentials().addListener(new CredentialSource.Listener() {
            @Override
            public void onRotated(SpiffeId id, Credentials current) {
                pool.onRotated(id);
            }
        });
        MetricsRegistry metrics = context.telemetry().metrics();
        metrics.gauge("culvert_budget_used_bytes", "Bytes buffered or promised by windows", budget::used);
        metrics.gauge("culvert_budget_limit_bytes", "Limit of culvert_budget_used_bytes", budget::limit);
        metrics.gauge("culvert_budget_refusals", "Windows refused for want of budget", budget::refusals);
        metrics.gauge("culvert_budget_overruns", "Bytes that came beyond the budget", budget::overruns);
        metrics.gauge(
                "culvert_waypoint_http_connections", "HTTP connections of clients that are open", dispatcher::open);
        try {
            address = listener.open(settings.listen()).get(BIND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IllegalStateException(cause.getMessage(), e);
        }
    }

    /** Where tunnels come in. */
    public InetSocketAddress address() {
        InetSocketAddress bound = address;
        if (bound == null) {
            throw new IllegalStateException("not started");
        }
        return bound;
    }

    @Override
    public void onChanged(MeshState before, MeshState after, MeshDelta delta) {
        labels.forget(delta.workloads(), delta.services());
        if (!delta.workloads().isEmpty()) {
            self = findSelf(after);
        }
        Set<Ip> gone = removed(before, after, delta);
        if (!gone.isEmpty()) {
            pool.invalidate(key -> gone.contains(Ip.of(key.destination().getAddress())));
        }
    }

    /** Addresses that are no longer the HBONE peer that they were: tunnels to them must not be used again. */
    private static Set<Ip> removed(MeshState before, MeshState after, MeshDelta delta) {
        Set<Ip> gone = new HashSet<>();
        for (String uid : delta.workloads()) {
            Workload was = before.workload(uid);
            Workload is = after.workload(uid);
            if (was != null && was.hbone()) {
                gone.addAll(was.addresses());
                if (is != null && is.hbone() && is.identity().equals(was.identity())) {
                    is.addresses().forEach(gone::remove);
                }
            }
        }
        return gone;
    }

    /** The endpoint of the waypoint's own service that has its identity; of several replicas the first stands for all. */
    private @Nullable Workload findSelf(MeshState state) {
        String key = ownService;
        if (key == null || state.service(key) == null) {
            key = findOwnService(state);
            ownService = key;
        }
        if (key != null) {
            for (Endpoint endpoint : state.endpoints(key).all()) {
                if (endpoint.workload().identity().equals(settings.identity())) {
                    return endpoint.workload();
                }
            }
        }
        return null;
    }

    private @Nullable String findOwnService(MeshState state) {
        for (Service service : state.services()) {
            if (service.name().equals(settings.name()) && service.namespace().equals(settings.namespace())) {
                return service.key();
            }
        }
        return null;
    }

    /** Stops accepting, tells clients to go elsewhere, and waits for what is under way until {@code deadline}. */
    public void drain(Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        listener.close();
        CompletableFuture<Void> drained = server.drain(deadline);
        dispatcher.drain();
        await(drained, end - System.nanoTime());
    }

    @Override
    public void close() {
        listener.close();
        context.store().removeListener(this);
        server.close();
        // Waits until the channels are closed: the loops may stop right after this.
        await(
                CompletableFuture.allOf(server.drain(Duration.ZERO), pool.drain(Duration.ZERO)),
                TimeUnit.SECONDS.toNanos(2));
        pool.close();
    }

    /** Bytes that are promised or buffered now; none after the end. */
    public ByteBudget budget() {
        return budget;
    }

    private static void await(CompletableFuture<Void> future, long nanos) {
        try {
            future.get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            LOG.info("connections remain after the drain: they are reset");
        } catch (ExecutionException e) {
            LOG.warn("drain failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.HbonePool;
import io.culvert.core.hbone.HboneServer;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.linux.Transport;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshListener;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.Dialer;
import io.culvert.core.relay.Labels;
import io.culvert.core.relay.RelayTimers;
import io.culvert.core.relay.SocketFactory;
import io.culvert.core.relay.SocketTuning;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointSettings;
import io.culvert.waypoint.cluster.TcpUpstreams;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.EventExecutor;
import java.net.Inet6Address;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A waypoint's own tunnels to the endpoints of services, and what those of its clients share with them. Any thread. */
public final class Tunnels implements MeshListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tunnels.class);

    private final WaypointSettings settings;
    private final WaypointContext context;
    private final List<EventLoop> loops;
    private final AtomicInteger nextLoop = new AtomicInteger();
    private final ByteBudget budget;
    private final SocketFactory sockets;
    private final SocketTuning tuning;
    private final Labels labels = new Labels();
    private final HbonePool pool;
    private final Dialer dialer;
    private final RelayTimers timers;
    private final Outgoing outgoing;
    private final HboneConnector connector;
    // Found when the mesh changes: connections do not look for it.
    private volatile @Nullable Workload self;

    public Tunnels(WaypointSettings settings, WaypointContext context) {
        this.settings = settings;
        this.context = context;
        loops = loops(context.loops());
        sockets = SocketFactory.plain(Transport.of(context.loops()));
        budget = ByteBudget.root(settings.budgets().all());
        tuning = new SocketTuning(settings.relay(), budget);
        dialer = new Dialer(tuning);
        timers = new RelayTimers(context.loops());
        pool = new HbonePool(
                loops, this::tunnelSocket, context.tls(), context.events(), settings.hbone(), context.clock());
        outgoing = new Outgoing(settings.identity(), context.store()::current, () -> self, labels);
        connector = new HboneConnector(pool, sockets, tuning, this::newBudget, outgoing);
    }

    /** The way to endpoints. */
    public Connector connector() {
        return connector;
    }

    Parts parts(Supplier<RouteTable> routes, TcpUpstreams upstreams) {
        return new Parts(
                settings,
                context.store()::current,
                routes,
                () -> self,
                pool,
                dialer,
                sockets,
                timers,
                upstreams,
                outgoing,
                labels,
                context.telemetry(),
                bound -> ThreadLocalRandom.current().nextInt(bound));
    }

    RefusedConnects refusedConnects() {
        return new RefusedConnects(context.clock());
    }

    OpenConnections newConnections() {
        return new OpenConnections(settings.maxConnections(), context.clock());
    }

    HboneServer newServer(ConnectHandler handler) {
        return new HboneServer(
                settings.identity(),
                handler,
                this::newBudget,
                context.tls(),
                context.events(),
                settings.hbone(),
                context.clock());
    }

    TunnelListener newListener(ChannelHandler initializer) {
        return new TunnelListener(
                sockets, tuning, this::nextLoop, initializer, context.telemetry(), settings.maxConnections());
    }

    WaypointSettings settings() {
        return settings;
    }

    MetricsRegistry metrics() {
        return context.telemetry().metrics();
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

    /** Follows the mesh from now on. */
    public void start() {
        context.store().addListener(this);
        self = context.store().current().workload(settings.uid());
        context.credentials().addListener(new CredentialSource.Listener() {
            @Override
            public void onRotated(SpiffeId id, Credentials current) {
                pool.onRotated(id);
            }
        });
        MetricsRegistry metrics = metrics();
        metrics.gauge("culvert_budget_used_bytes", "Bytes buffered or promised by windows", budget::used);
        metrics.gauge("culvert_budget_limit_bytes", "Limit of culvert_budget_used_bytes", budget::limit);
        metrics.gauge("culvert_budget_refusals", "Windows refused for want of budget", budget::refusals);
        metrics.gauge("culvert_budget_overruns", "Bytes that came beyond the budget", budget::overruns);
    }

    @Override
    public void onChanged(MeshState before, MeshState after, MeshDelta delta) {
        labels.forget(delta.workloads(), delta.services());
        if (delta.workloads().contains(settings.uid())) {
            self = after.workload(settings.uid());
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

    /** Resets what is still open towards endpoints. */
    @Override
    public void close() {
        context.store().removeListener(this);
        // Waits until the channels are closed: the loops may stop right after this.
        await(pool.drain(Duration.ZERO), TimeUnit.SECONDS.toNanos(2));
        pool.close();
    }

    /** Bytes that are promised or buffered now; none after the end. */
    public ByteBudget budget() {
        return budget;
    }

    static void await(CompletableFuture<Void> future, long nanos) {
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

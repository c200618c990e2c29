package io.culvert.ztunnel;

import io.culvert.core.hbone.HbonePool;
import io.culvert.core.hbone.HboneServer;
import io.culvert.core.hbone.HboneStats;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.hbone.TunnelTls;
import io.culvert.core.lifecycle.Component;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.core.linux.Transport;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshListener;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.PolicyContext;
import io.culvert.core.mesh.PolicySet;
import io.culvert.core.mesh.PolicyVerdict;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.Dialer;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.core.relay.Labels;
import io.culvert.core.relay.NamespaceSockets;
import io.culvert.core.relay.RelayTimers;
import io.culvert.core.relay.SocketTuning;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.Counter;
import io.culvert.core.telemetry.CounterFamily;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Telemetry;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node proxy: serves the pods that it is told to, from {@link #start(String, SpiffeId, NetworkNamespace)} until
 * {@link #stop}, by the mesh state of the moment. Any thread.
 */
public final class NodeProxy implements Component, LocalPods, MeshListener {
    private static final Logger LOG = LoggerFactory.getLogger(NodeProxy.class);
    private static final int RESERVED_DESCRIPTORS = 32;

    private final ProxySettings settings;
    private final Transport transport;
    private final List<EventLoop> loops;
    private final MeshStore store;
    private final CredentialSource credentials;
    private final TunnelTls tls;
    private final TunnelEvents tunnelEvents;
    private final Telemetry telemetry;
    private final InstantSource clock;

    private final ByteBudget budget;
    private final SocketTuning tuning;
    private final Dialer dialer;
    private final RelayTimers timers;
    private final EndpointChooser chooser;
    private final OutboundDecider decider;
    private final HbonePool pool;
    private final Labels labels = new Labels();
    private final DescriptorReserve reserve = new DescriptorReserve(RESERVED_DESCRIPTORS);
    private final Counter checksAllowed;
    private final Counter checksDenied;

    private final AtomicInteger nextLoop = new AtomicInteger();
    private final ConcurrentHashMap<String, PodProxy> pods = new ConcurrentHashMap<>();
    // Pods that were stopped and still have connections; and whose namespace the sockets of a tunnel are made in.
    private final Set<PodProxy> leaving = ConcurrentHashMap.newKeySet();
    private final ConcurrentHashMap<InetAddress, PodProxy> bySource = new ConcurrentHashMap<>();

    /**
     * @param group loops of {@link Transport#factory}; they stay the caller's
     * @param tunnelEvents is told what happens to tunnels
     */
    public NodeProxy(
            ProxySettings settings,
            EventLoopGroup group,
            MeshStore store,
            CredentialSource credentials,
            TunnelTls tls,
            TunnelEvents tunnelEvents,
            Telemetry telemetry,
            InstantSource clock) {
        this.settings = settings;
        this.transport = Transport.of(group);
        this.loops = loops(group);
        this.store = store;
        this.credentials = credentials;
        this.tls = tls;
        this.tunnelEvents = tunnelEvents;
        this.telemetry = telemetry;
        this.clock = clock;
        budget = ByteBudget.root(settings.budgets().agent());
        tuning = new SocketTuning(settings.relay(), budget);
        dialer = new Dialer(tuning);
        timers = new RelayTimers(group);
        chooser = new EndpointChooser(bound -> ThreadLocalRandom.current().nextInt(bound));
        decider = new OutboundDecider(settings, chooser, this);
        pool = new HbonePool(loops, this::tunnelSocket, tls, tunnelEvents, settings.hbone(), clock);
        CounterFamily checks = telemetry
                .metrics()
                .counters("culvert_authorization_checks", "Connections held against policy, by verdict", "verdict");
        checksAllowed = checks.with("allowed");
        checksDenied = checks.with("denied");
    }

    private static List<EventLoop> loops(EventLoopGroup group) {
        List<EventLoop> list = new ArrayList<>();
        for (EventExecutor loop : group) {
            list.add((EventLoop) loop);
        }
        return List.copyOf(list);
    }

    // ---- life

    @Override
    public String name() {
        return "node proxy";
    }

    @Override
    public void start() {
        store.addListener(this);
        credentials.addListener(new CredentialSource.Listener() {
            @Override
            public void onRotated(SpiffeId id, Credentials current) {
                pool.onRotated(id);
            }
        });
        MetricsRegistry metrics = telemetry.metrics();
        metrics.gauge("culvert_budget_used_bytes", "Bytes buffered or promised by windows, all pods", budget::used);
        metrics.gauge("culvert_budget_limit_bytes", "Limit of culvert_budget_used_bytes", budget::limit);
        metrics.gauge("culvert_budget_refusals", "Windows refused for want of budget", budget::refusals);
        metrics.gauge("culvert_budget_overruns", "Bytes that came beyond the budget", budget::overruns);
        metrics.gauge("culvert_proxied_pods", "Pods that the proxy serves", pods::size);
        metrics.gauge("culvert_descriptors_reserved", "Descriptors kept back to refuse with", reserve::kept);
    }

    @Override
    public void drain(Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        pods.values().forEach(pod -> all.add(pod.drain(deadline)));
        leaving.forEach(pod -> all.add(pod.drain(deadline)));
        // After the pods: their streams are what the pool waits for.
        all.add(pool.drain(deadline));
        await(CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)), end - System.nanoTime());
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

    @Override
    public void close() {
        store.removeListener(this);
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (PodProxy pod : pods.values()) {
            all.add(pod.close(CloseReason.DRAINED, "the agent stops"));
        }
        for (PodProxy pod : leaving) {
            all.add(pod.close(CloseReason.DRAINED, "the agent stops"));
        }
        // Waits until the tunnels' channels are closed: the loops may stop right after this.
        all.add(pool.drain(Duration.ZERO));
        await(CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)), TimeUnit.SECONDS.toNanos(2));
        pool.close();
        reserve.close();
    }

    // ---- pods

    /**
     * Serves a pod: its three listeners are bound when the stage completes. Served already in the same namespace it
     * does nothing; in another one (the pod was made anew) the old one is closed first.
     *
     * @param uid of its workload
     * @param identity of its service account
     * @param namespace stays the caller's; the proxy opens its own handle
     * @return completes exceptionally when a port cannot be bound; nothing is left behind then
     */
    public CompletionStage<Void> start(String uid, SpiffeId identity, NetworkNamespace namespace) {
        PodProxy running = pods.get(uid);
        if (running != null) {
            if (running.listening() && running.namespace.id().equals(namespace.id())) {
                return CompletableFuture.completedFuture(null);
            }
            // Another namespace, or a listener that is dead: begin anew.
            return stop(uid, true).thenCompose(done -> start(uid, identity, namespace));
        }
        CompletableFuture<?>[] portsFree = leaving.stream()
                .filter(pod -> pod.namespace.id().equals(namespace.id()))
                .map(PodProxy::releasePorts)
                .toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(portsFree).thenCompose(done -> open(uid, identity, namespace));
    }

    private CompletableFuture<Void> open(String uid, SpiffeId identity, NetworkNamespace namespace) {
        NetworkNamespace own;
        try {
            own = NetworkNamespace.open(namespace.stablePath());
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
        credentials.retain(identity);
        PodProxy pod = new PodProxy(this, uid, identity, own, new NamespaceSockets(own, transport));
        var _ = pod.closed().whenComplete((done, failure) -> {
            leaving.remove(pod);
            credentials.release(identity);
        });
        PodProxy other = pods.putIfAbsent(uid, pod);
        if (other != null) {
            var _ = pod.close(CloseReason.DRAINED, "started twice");
            return CompletableFuture.failedFuture(new IllegalStateException("pod " + uid + " is being started"));
        }
        EventLoop loop = nextLoop();
        // On a loop: it is a platform thread, which setns needs.
        return CompletableFuture.<Void>completedFuture(null)
                .thenComposeAsync(go -> pod.open(loop), loop)
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        pods.remove(uid, pod);
                        var _ = pod.close(CloseReason.INTERNAL, "the pod's listeners could not be bound");
                    }
                });
    }

    /**
     * Stops to serve a pod.
     *
     * @param immediate the pod is gone: everything ends now. Otherwise 15001 and 15006 close, 15008 takes streams for
     *     a grace time, and open connections last as long as their apps want
     * @return completes when no connection is left and all is freed; at once for a pod that is not served
     */
    public CompletionStage<Void> stop(String uid, boolean immediate) {
        PodProxy pod = pods.remove(uid);
        List<CompletableFuture<Void>> all = new ArrayList<>();
        if (pod != null) {
            leaving.add(pod);
            all.add(immediate ? end(pod) : pod.drain());
        }
        if (immediate) {
            for (PodProxy old : leaving) {
                if (!old.equals(pod) && old.uid.equals(uid)) {
                    all.add(end(old));
                }
            }
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    private CompletableFuture<Void> end(PodProxy pod) {
        Set<InetAddress> sources = new HashSet<>();
        bySource.forEach((address, owner) -> {
            if (owner.equals(pod)) {
                sources.add(address);
            }
        });
        sources.forEach(address -> bySource.remove(address, pod));
        pool.abort(key -> key.local().equals(pod.identity) && sources.contains(key.source()));
        return pod.close(CloseReason.DRAINED, "the pod is gone");
    }

    /** Whether all three listeners of the pod stand. */
    public boolean listening(String uid) {
        PodProxy pod = pods.get(uid);
        return pod != null && pod.listening();
    }

    /** Connections of the pod, those of a drain included. */
    public int openConnections(String uid) {
        int count = 0;
        PodProxy pod = pods.get(uid);
        if (pod != null) {
            count += pod.connections.size();
        }
        for (PodProxy old : leaving) {
            count += old.uid.equals(uid) ? old.connections.size() : 0;
        }
        return count;
    }

    /** All connections of this moment. */
    public List<ConnectionView> connections() {
        List<ConnectionView> all = new ArrayList<>();
        pods.values().forEach(pod -> all.addAll(pod.views()));
        leaving.forEach(pod -> all.addAll(pod.views()));
        return all;
    }

    /** Uids of the pods that are served. */
    public Set<String> pods() {
        return Set.copyOf(pods.keySet());
    }

    /** Outgoing tunnels. */
    public HboneStats tunnels() {
        return pool.stats();
    }

    /** The agent's byte budget. */
    public ByteBudget budget() {
        return budget;
    }

    // ---- LocalPods

    @Override
    public boolean isServedHere(Workload workload) {
        return served(workload.uid()) != null;
    }

    @Override
    public boolean hasCredentials(Workload workload) {
        return credentials.current(workload.identity()) != null;
    }

    // ---- changes of the mesh

    @Override
    public void onChanged(MeshState before, MeshState after, MeshDelta delta) {
        labels.forget(delta.workloads(), delta.services());
        for (Map.Entry<String, PodProxy> entry : pods.entrySet()) {
            onChanged(entry.getValue(), after, delta);
        }
        for (PodProxy pod : leaving) {
            onChanged(pod, after, delta);
        }
        Set<Ip> gone = RemovedPeers.addresses(before, after, delta);
        if (!gone.isEmpty()) {
            pool.invalidate(key -> gone.contains(Ip.of(key.destination().getAddress())));
        }
    }

    private static void onChanged(PodProxy pod, MeshState after, MeshDelta delta) {
        Workload workload = after.workload(pod.uid);
        if (workload == null) {
            return;
        }
        for (ProxiedConnection connection : pod.waiting) {
            connection.loop().execute(connection::workloadArrived);
        }
        if (!delta.touchesPoliciesOf(workload) || pod.connections.isEmpty()) {
            return;
        }
        PolicySet policies = after.policiesFor(workload);
        for (ProxiedConnection connection : pod.connections) {
            connection.recheck(pod, policies);
        }
    }

    // ---- for this package

    ProxySettings settings() {
        return settings;
    }

    MeshState state() {
        return store.current();
    }

    Telemetry telemetry() {
        return telemetry;
    }

    OutboundDecider decider() {
        return decider;
    }

    EndpointChooser chooser() {
        return chooser;
    }

    HbonePool pool() {
        return pool;
    }

    Dialer dialer() {
        return dialer;
    }

    SocketTuning tuning() {
        return tuning;
    }

    RelayTimers timers() {
        return timers;
    }

    Labels labels() {
        return labels;
    }

    DescriptorReserve reserve() {
        return reserve;
    }

    EventLoop nextLoop() {
        return loops.get(Math.floorMod(nextLoop.getAndIncrement(), loops.size()));
    }

    @Nullable
    PodProxy served(String uid) {
        PodProxy pod = pods.get(uid);
        return pod != null && !pod.isDraining() ? pod : null;
    }

    HboneServer newServer(PodProxy pod) {
        return new HboneServer(
                pod.identity,
                connect -> InboundStream.begin(pod, connect),
                pod::newBudget,
                tls,
                tunnelEvents,
                settings.hbone(),
                clock);
    }

    /** The pod's address that a tunnel to {@code to} leaves from; remembers which pod's namespace that is. */
    InetAddress sourceAddress(PodProxy pod, Workload workload, InetSocketAddress to) {
        boolean v4 = to.getAddress() instanceof Inet4Address;
        InetAddress chosen = InetAddress.getLoopbackAddress();
        for (Ip ip : workload.addresses()) {
            if (ip.isIpv4() == v4) {
                chosen = ip.toInetAddress();
                break;
            }
        }
        if (!pod.equals(bySource.get(chosen))) {
            bySource.put(chosen, pod);
        }
        return chosen;
    }

    private Channel tunnelSocket(PoolKey key) {
        PodProxy pod = bySource.get(key.source());
        if (pod == null) {
            throw new IllegalStateException("the pod at " + key.source().getHostAddress() + " has left this node");
        }
        return pod.sockets.connecting(
                key.destination().getAddress() instanceof Inet4Address
                        ? SocketProtocolFamily.INET
                        : SocketProtocolFamily.INET6);
    }

    /** Counts a connection that was held against policy; a kubelet's probe that policy denies is one, too. */
    void checked(boolean allowed) {
        (allowed ? checksAllowed : checksDenied).inc();
    }

    void logDryRun(PolicyVerdict verdict, PolicyContext seen) {
        LOG.info("dry-run policies {} match {}; the connection is {}", verdict.dryRun(), seen, verdict.detail());
    }
}

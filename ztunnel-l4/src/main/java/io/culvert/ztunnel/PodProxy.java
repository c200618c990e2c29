package io.culvert.ztunnel;

import io.culvert.core.hbone.HboneServer;
import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.SocketFactory;
import io.culvert.core.relay.SourcePorts;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.Peer;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Way;
import io.culvert.identity.SpiffeId;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that one pod of this node needs: its three listeners, its HBONE server, its sockets and budget, and its
 * connections. Any thread.
 *
 * <p>{@code NEW -> LISTENING -> DRAINING -> CLOSED}; a pod that is gone goes to CLOSED at once.
 */
final class PodProxy {
    private static final Logger LOG = LoggerFactory.getLogger(PodProxy.class);
    /** An un-enrolled pod's connections may last; this bounds the wait for those that nobody uses. */
    private static final Duration LONGEST_DRAIN = Duration.ofDays(1);

    final NodeProxy node;
    final String uid;
    final SpiffeId identity;
    final NetworkNamespace namespace;
    final SocketFactory sockets;
    final SourcePorts sourcePorts;
    final ByteBudget podBudget;
    /** All connections that its listeners took, and those of other pods of the node that its policies judge. */
    final Set<ProxiedConnection> connections = ConcurrentHashMap.newKeySet();
    /** Connections that wait for the pod's workload. */
    final Queue<ProxiedConnection> waiting = new ConcurrentLinkedQueue<>();

    private final KernelFlows flows;
    private final HboneServer server;
    private final Listener outbound;
    private final Listener inboundPlain;
    private final Listener hbone;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile boolean draining;
    private volatile @Nullable CompletableFuture<Void> serverDrained;

    PodProxy(NodeProxy node, String uid, SpiffeId identity, NetworkNamespace namespace, SocketFactory sockets) {
        this.node = node;
        this.uid = uid;
        this.identity = identity;
        this.namespace = namespace;
        this.sockets = sockets;
        this.flows = new KernelFlows(namespace);
        this.sourcePorts = new SourcePorts(flows, ThreadLocalRandom.current().nextInt());
        this.podBudget = node.budget().child(node.settings().budgets().pod());
        this.server = node.newServer(this);
        this.outbound = new Listener("outbound", MeshSockets.OUTBOUND_PORT, this, new Captured(true));
        this.inboundPlain = new Listener("inbound_plain", MeshSockets.INBOUND_PLAIN_PORT, this, new Captured(false));
        this.hbone = new Listener("hbone", MeshSockets.HBONE_PORT, this, new Tunnels());
    }

    /** Binds the listeners: 15008 first, so that the pod can be reached before it is captured. On {@code loop}. */
    CompletableFuture<Void> open(EventLoop loop) {
        return hbone.open(loop).thenCompose(done -> inboundPlain.open(loop)).thenCompose(done -> outbound.open(loop));
    }

    @Nullable
    Workload workload() {
        return node.state().workload(uid);
    }

    ByteBudget newBudget() {
        return podBudget.child(node.settings().budgets().connection());
    }

    boolean listening() {
        return !draining && outbound.isOpen() && inboundPlain.isOpen() && hbone.isOpen();
    }

    boolean isDraining() {
        return draining;
    }

    /** Completes when no connection is left and everything is freed. */
    CompletableFuture<Void> closed() {
        return closed;
    }

    // ---- the end

    /** Takes no new connections but, for a grace time, streams of peers that still tunnel here; the rest may finish. */
    CompletableFuture<Void> drain() {
        if (draining) {
            return closed;
        }
        draining = true;
        var _ = outbound.close();
        var _ = inboundPlain.close();
        var _ = node.nextLoop()
                .schedule(
                        () -> drainTunnels(LONGEST_DRAIN),
                        node.settings().hboneGrace().toMillis(),
                        TimeUnit.MILLISECONDS);
        return closed;
    }

    /** Stops everything new at once; what is open may finish until {@code deadline} has passed. */
    CompletableFuture<Void> drain(Duration deadline) {
        draining = true;
        var _ = outbound.close();
        var _ = inboundPlain.close();
        drainTunnels(deadline);
        return closed;
    }

    private void drainTunnels(Duration deadline) {
        if (serverDrained == null) {
            var _ = hbone.close();
            CompletableFuture<Void> drained = server.drain(deadline);
            serverDrained = drained;
            var _ = drained.whenComplete((done, failure) -> closeIfDone());
        }
    }

    /** The 15008 of a pod that drains makes room for a successor. */
    CompletableFuture<Void> releasePorts() {
        return CompletableFuture.allOf(outbound.close(), inboundPlain.close(), hbone.close());
    }

    /** Ends everything: the pod is gone, or time is up. */
    CompletableFuture<Void> close(CloseReason reason, String detail) {
        draining = true;
        var _ = releasePorts().whenComplete((done, failure) -> {
            for (ProxiedConnection connection : connections) {
                connection.loop().execute(() -> connection.end(reason, detail, null));
            }
            server.close();
            serverDrained = CompletableFuture.completedFuture(null);
            closeIfDone();
        });
        return closed;
    }

    /** A connection has ended. */
    void forget(ProxiedConnection connection) {
        connections.remove(connection);
        if (draining) {
            closeIfDone();
        }
    }

    private void closeIfDone() {
        CompletableFuture<Void> drained = serverDrained;
        if (drained == null || !drained.isDone() || !connections.isEmpty()) {
            return;
        }
        if (closed.complete(null)) {
            flows.close();
            namespace.close();
            LOG.debug("pod {} is no longer served", uid);
        }
    }

    // ---- what the listeners take

    private final class Captured implements Listener.Taker {
        private final boolean out;

        Captured(boolean out) {
            this.out = out;
        }

        @Override
        public void accepted(SocketChannel channel) {
            node.tuning().accepted(channel);
            InetSocketAddress wanted = MeshSockets.originalDestination(channel);
            if (out) {
                OutboundConnection.begin(PodProxy.this, channel, wanted);
            } else {
                InboundPlain.begin(PodProxy.this, channel, wanted);
            }
        }

        @Override
        public void shed(SocketChannel channel) {
            refusedForDescriptors(channel, out ? Reporter.SOURCE : Reporter.DESTINATION);
        }
    }

    private final class Tunnels implements Listener.Taker {
        @Override
        public void accepted(SocketChannel channel) {
            channel.pipeline().addLast(server.initializer());
            node.nextLoop().register(channel).addListener(registered -> {
                if (!registered.isSuccess()) {
                    Listener.reset(channel);
                }
            });
        }

        @Override
        public void shed(SocketChannel channel) {
            refusedForDescriptors(channel, Reporter.DESTINATION);
        }
    }

    private void refusedForDescriptors(SocketChannel channel, Reporter reporter) {
        Peer own = node.labels().proved(workload());
        boolean out = reporter == Reporter.SOURCE;
        node.telemetry()
                .refused(
                        new ConnectionAttributes(
                                reporter,
                                out ? Way.REFUSED : Way.INBOUND_PLAIN,
                                SecurityPolicy.NONE,
                                out ? own : Peer.UNKNOWN,
                                out ? Peer.UNKNOWN : own,
                                null,
                                channel.remoteAddress(),
                                MeshSockets.originalDestination(channel),
                                null),
                        CloseReason.NO_DESCRIPTORS,
                        null,
                        null);
    }

    List<ConnectionView> views() {
        // A same-node connection is its client's; its server's pod only judges it.
        return connections.stream()
                .filter(connection -> connection.pod == this)
                .map(ProxiedConnection::view)
                .toList();
    }
}

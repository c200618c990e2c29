package io.culvert.ztunnel;

import io.culvert.core.hbone.ConnectRequest;
import io.culvert.core.hbone.HboneFailure;
import io.culvert.core.hbone.Header;
import io.culvert.core.hbone.OpenResult;
import io.culvert.core.hbone.PendingOpen;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.PolicyContext;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.RelaySocket;
import io.culvert.core.relay.RelayStream;
import io.culvert.core.relay.TunnelHeaders;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.culvert.core.telemetry.Peer;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Way;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connection that an app of this node opened: decided, executed, tried once elsewhere when an endpoint refuses before
 * any byte was sent. Owned by the loop of its tunnel, where its socket is registered too.
 */
final class OutboundConnection extends ProxiedConnection implements ChannelFutureListener {
    private final RelaySocket client;
    private @Nullable Workload origin;
    private @Nullable OutboundDecision decision;
    private @Nullable PendingOpen opening;
    private boolean openAnswered;
    // Uid of the endpoint that refused, and the one that is counted as having this connection.
    private @Nullable String tried;
    private @Nullable String counted;

    private OutboundConnection(
            PodProxy pod, ByteBudget budget, SocketChannel channel, InetSocketAddress requested, EventLoop loop) {
        super(pod, budget, channel.remoteAddress(), requested, loop);
        client = new RelaySocket(channel, budget);
        client.owner(this);
    }

    /** Takes an accepted socket that is not registered yet; on the listener's loop. */
    static void begin(PodProxy pod, SocketChannel channel, InetSocketAddress requested) {
        NodeProxy node = pod.node;
        OutboundConnection connection =
                new OutboundConnection(pod, pod.newBudget(), channel, requested, node.nextLoop());
        channel.pipeline().addLast(connection.client);
        pod.connections.add(connection);
        Workload workload = pod.workload();
        if (workload != null) {
            connection.decide(workload);
        }
        connection.register();
    }

    private void decide(Workload workload) {
        origin = workload;
        OutboundDecision decided = node.decider().decide(node.state(), workload, requested, tried);
        decision = decided;
        if (decided instanceof OutboundDecision.Tunnelled tunnel) {
            loop(node.pool().loopFor(key(workload, tunnel)));
        }
    }

    private PoolKey key(Workload from, OutboundDecision.Tunnelled tunnel) {
        InetAddress leaving = node.sourceAddress(pod, from, tunnel.hbone());
        return new PoolKey(from.identity(), tunnel.expected(), tunnel.hbone(), leaving);
    }

    private void register() {
        loop().register(client.channel()).addListener(this);
    }

    @Override
    public void operationComplete(ChannelFuture future) {
        if (!future.isSuccess()) {
            // Only a loop that shuts down refuses.
            client.abort();
            return;
        }
        if (isOver()) {
            client.abort();
        } else if (decision == null) {
            awaitWorkload();
        } else {
            execute(decision);
        }
    }

    @Override
    void resume(Workload workload) {
        EventLoop before = loop();
        decide(workload);
        moveAndExecute(before);
    }

    private void moveAndExecute(EventLoop before) {
        OutboundDecision decided = decision;
        if (decided == null) {
            return;
        }
        if (loop().equals(before)) {
            execute(decided);
        } else {
            // Nothing is read yet, so the socket can change loops.
            client.channel().deregister().addListener(left -> register());
        }
    }

    private void execute(OutboundDecision decided) {
        Workload destination = decided.destination();
        if (destination != null) {
            counted = destination.uid();
            node.chooser().opened(counted);
        }
        switch (decided) {
            case OutboundDecision.SameNode way -> sameNode(way);
            case OutboundDecision.Tunnelled way -> tunnel(way);
            case OutboundDecision.Plain way -> dialPlain(way.target());
            case OutboundDecision.Refused way -> end(way.reason(), way.detail(), null);
        }
    }

    private void sameNode(OutboundDecision.SameNode way) {
        PodProxy target = node.served(way.destination().uid());
        Workload from = origin;
        if (target == null || from == null) {
            failed(CloseReason.CONNECT_FAILED, way.destination().uid() + " has just left this node");
            return;
        }
        PolicyContext seen = new PolicyContext(
                from.identity(),
                Ip.of(source.getAddress()),
                Ip.of(way.target().getAddress()),
                way.target().getPort());
        if (admitted(target, way.destination(), seen)) {
            dialApp(target, way.target());
        }
    }

    @Override
    public void onConnected(RelaySocket server) {
        dialed();
        join(client, server);
    }

    @Override
    public void onDialFailed(CloseReason reason, String detail) {
        dialed();
        failed(reason, detail);
    }

    private void tunnel(OutboundDecision.Tunnelled way) {
        Workload from = origin;
        if (from == null) {
            return;
        }
        String host = way.service() == null ? null : way.service().hostname();
        ConnectRequest request = new ConnectRequest(
                TunnelHeaders.text(way.target()),
                List.of(
                        node.labels().baggage(from),
                        TunnelHeaders.forwarded(source, host),
                        TunnelHeaders.traceparent()));
        RelayStream stream = new RelayStream(budget);
        openAnswered = false;
        PendingOpen pending = node.pool().open(key(from, way), request, budget, stream, result -> {
            openAnswered = true;
            opening = null;
            onOpened(stream, result);
        });
        // The result may be here already, and another open after it.
        if (!openAnswered && opening == null) {
            opening = pending;
        }
    }

    private void onOpened(RelayStream stream, OpenResult result) {
        switch (result) {
            case OpenResult.Opened(var opened, List<Header> ignored) -> {
                stream.opened(opened);
                if (isOver()) {
                    stream.abort();
                } else {
                    join(client, stream);
                }
            }
            case OpenResult.Refused(int status, List<Header> ignored) -> refused(status);
            case OpenResult.Failed(HboneFailure kind, String detail) -> {
                if (kind.worthTryingElsewhere()) {
                    failed(reasonOf(kind), detail);
                } else {
                    end(reasonOf(kind), detail, null);
                }
            }
        }
    }

    private void refused(int status) {
        switch (status) {
            case 401 ->
                end(CloseReason.POLICY_DENIED, "the destination's proxy refused the connection by policy (401)", null);
            case 503 ->
                failed(CloseReason.CONNECT_FAILED, "the destination's proxy could not connect to the app (503)");
            default ->
                end(CloseReason.PEER_REFUSED, "the destination's proxy refused the CONNECT with " + status, null);
        }
    }

    private static CloseReason reasonOf(HboneFailure kind) {
        return switch (kind) {
            case CONNECT, PEER_REMOVED, NOT_PROCESSED, RESET, STREAM_LIMIT -> CloseReason.CONNECT_FAILED;
            case CONNECT_TIMEOUT, RESPONSE_TIMEOUT -> CloseReason.CONNECT_TIMEOUT;
            case TLS -> CloseReason.TLS_FAILURE;
            case WRONG_PEER -> CloseReason.WRONG_PEER;
            case H2_HANDSHAKE, PROTOCOL_ERROR -> CloseReason.H2_HANDSHAKE_FAILURE;
            case CREDENTIALS -> CloseReason.IDENTITY_ERROR;
            case BUDGET -> CloseReason.BUDGET_EXHAUSTED;
            case DRAINING -> CloseReason.DRAINED;
            case TUNNEL_LOST -> CloseReason.TUNNEL_LOST;
        };
    }

    /** This endpoint did not take the connection, and no byte was sent: another one may, once. */
    private void failed(CloseReason reason, String detail) {
        OutboundDecision before = decision;
        Workload from = origin;
        if (isOver()) {
            return;
        }
        // A pod that was addressed itself has no other, but its waypoint may have.
        boolean others = before != null && (before.service() != null || before instanceof OutboundDecision.Waypoint);
        if (before == null || from == null || !others || before.destination() == null || tried != null) {
            end(reason, detail, null);
            return;
        }
        tried = before.destination().uid();
        EventLoop here = loop();
        decide(from);
        if (decision instanceof OutboundDecision.Refused) {
            decision = before;
            loop(here);
            end(reason, detail, null);
            return;
        }
        uncount();
        exempt();
        moveAndExecute(here);
    }

    private void uncount() {
        if (counted != null) {
            node.chooser().closed(counted);
            counted = null;
        }
    }

    @Override
    void refuseClient(CloseReason reason) {
        client.abort();
    }

    @Override
    void released() {
        uncount();
        if (opening != null) {
            opening.cancel();
            opening = null;
        }
    }

    @Override
    ConnectionAttributes attributes() {
        OutboundDecision decided = decision;
        Peer from = node.labels().proved(origin);
        if (decided == null) {
            return new ConnectionAttributes(
                    Reporter.SOURCE,
                    Way.REFUSED,
                    SecurityPolicy.NONE,
                    from,
                    Peer.UNKNOWN,
                    null,
                    source,
                    requested,
                    null);
        }
        boolean secured = decided instanceof OutboundDecision.Tunnelled || decided instanceof OutboundDecision.SameNode;
        Peer to = secured
                ? node.labels().proved(decided.destination())
                : node.labels().unproved(decided.destination());
        return new ConnectionAttributes(
                Reporter.SOURCE,
                way(decided),
                security(decided),
                from,
                to,
                node.labels().service(decided.service()),
                source,
                dialled(decided),
                decided instanceof OutboundDecision.Tunnelled tunnel ? tunnel.target() : null);
    }

    private static Way way(OutboundDecision decided) {
        return switch (decided) {
            case OutboundDecision.SameNode _ -> Way.SAME_NODE;
            case OutboundDecision.Tunnel _ -> Way.TUNNEL;
            case OutboundDecision.Waypoint _ -> Way.WAYPOINT;
            case OutboundDecision.Plain _ -> Way.PLAIN;
            case OutboundDecision.Refused _ -> Way.REFUSED;
        };
    }

    private static SecurityPolicy security(OutboundDecision decided) {
        return switch (decided) {
            case OutboundDecision.Tunnelled _ -> SecurityPolicy.MUTUAL_TLS;
            case OutboundDecision.SameNode _ -> SecurityPolicy.SAME_NODE;
            case OutboundDecision.Plain _, OutboundDecision.Refused _ -> SecurityPolicy.NONE;
        };
    }

    private InetSocketAddress dialled(OutboundDecision decided) {
        return switch (decided) {
            case OutboundDecision.SameNode way -> way.target();
            case OutboundDecision.Tunnelled way -> way.hbone();
            case OutboundDecision.Plain way -> way.target();
            case OutboundDecision.Refused _ -> requested;
        };
    }

    @Override
    ConnectionView view() {
        OutboundDecision decided = decision;
        ConnectionRecord opened = record();
        Workload from = origin;
        return new ConnectionView(
                pod.uid,
                true,
                opened != null,
                decided == null ? Way.REFUSED : way(decided),
                from == null ? null : from.identity().toString(),
                source,
                requested,
                decided == null ? null : dialled(decided),
                opened == null ? 0 : opened.sentBytes(),
                opened == null ? 0 : opened.receivedBytes());
    }
}

package io.culvert.core.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The tunnels of one {@link PoolKey}, and the opens that wait for one. Owned by: the loop that the key is pinned to.
 */
final class PoolEntry implements ClientTunnel.Owner {
    private final PoolKey key;
    private final TunnelContext shared;
    private final TunnelSockets sockets;
    private final EventLoop loop;

    // Up and taking streams, the first with room is used, so that later ones can run empty and idle out.
    private final List<ClientTunnel> usable = new ArrayList<>(1);
    // Everything that has a socket: connecting, usable, retired.
    private final List<ClientTunnel> alive = new ArrayList<>(1);
    private final ArrayDeque<OpenAttempt> waiting = new ArrayDeque<>(0);
    private int connecting;
    private boolean serving;
    private int idleSweeps;

    PoolEntry(PoolKey key, TunnelContext shared, TunnelSockets sockets, EventLoop loop) {
        this.key = key;
        this.shared = shared;
        this.sockets = sockets;
        this.loop = loop;
    }

    PoolKey key() {
        return key;
    }

    /** Sends the request now, or when there is a tunnel with room for it. */
    void submit(OpenAttempt open) {
        idleSweeps = 0;
        if (waiting.size() >= shared.settings().limits().waitingOpens()) {
            open.failed(
                    HboneFailure.STREAM_LIMIT,
                    waiting.size() + " connections wait for a tunnel to " + key.destination() + " already");
            return;
        }
        waiting.add(open);
        serve();
    }

    /** Some waiting open was cancelled. */
    void cancelled() {
        waiting.removeIf(OpenAttempt::isDone);
    }

    /** The peer is no more: nothing new goes there, the present streams may finish. */
    void invalidate() {
        failWaiting(HboneFailure.PEER_REMOVED, key.destination() + " was removed from the mesh");
        for (ClientTunnel tunnel : List.copyOf(alive)) {
            if (tunnel.isUp()) {
                tunnel.retire("the peer was removed from the mesh");
            } else {
                tunnel.close(drained(), H2Error.NO_ERROR);
            }
        }
    }

    /** Retires what does not authenticate with {@code generation}. */
    void rotated(Object generation) {
        for (ClientTunnel tunnel : List.copyOf(alive)) {
            if (!tunnel.generation().equals(generation)) {
                tunnel.retire("the certificate was rotated");
            }
        }
    }

    /** Lets the open streams finish until the deadline. */
    void drain(Duration deadline) {
        failWaiting(HboneFailure.DRAINING, "the proxy is shutting down");
        ResetReason reason = drained();
        for (ClientTunnel tunnel : List.copyOf(alive)) {
            if (tunnel.isUp()) {
                tunnel.retire("draining");
                tunnel.closeAfter(deadline, reason);
            } else {
                tunnel.close(reason, H2Error.NO_ERROR);
            }
        }
    }

    /** Resets everything now. */
    void abort() {
        failWaiting(HboneFailure.DRAINING, "the tunnels to " + key.destination() + " were closed");
        for (ClientTunnel tunnel : List.copyOf(alive)) {
            tunnel.close(drained(), H2Error.NO_ERROR);
        }
    }

    private ResetReason drained() {
        return new ResetReason(
                ResetReason.Kind.DRAINED, H2Error.NO_ERROR, "the tunnel to " + key.destination() + " was closed");
    }

    void failWaiting(HboneFailure kind, String detail) {
        List<OpenAttempt> failed = List.copyOf(waiting);
        waiting.clear();
        for (OpenAttempt open : failed) {
            open.failed(kind, detail);
        }
    }

    /** Called every now and then; true when the entry has been of no use for two times. */
    boolean sweep() {
        if (!alive.isEmpty() || !waiting.isEmpty() || connecting > 0) {
            idleSweeps = 0;
            return false;
        }
        return ++idleSweeps >= 2;
    }

    List<ClientTunnel> alive() {
        return alive;
    }

    private void serve() {
        if (serving) {
            return; // a listener opened another stream; the loop below comes to it
        }
        serving = true;
        try {
            while (!waiting.isEmpty()) {
                ClientTunnel tunnel = firstWithRoom();
                if (tunnel == null) {
                    connectForWaiting();
                    return;
                }
                OpenAttempt open = waiting.remove();
                if (!open.isDone() && !tunnel.open(open)) {
                    open.failed(
                            HboneFailure.BUDGET,
                            "no receive budget left for a connection to " + key.destination()
                                    + ": raise the agent's or the pod's byte budget, or look for readers that stopped");
                }
            }
        } finally {
            serving = false;
            if (!waiting.isEmpty() && connecting == 0 && usable.isEmpty()) {
                // A listener that was told of a failure opened again.
                loop.execute(this::serve);
            }
        }
    }

    private @Nullable ClientTunnel firstWithRoom() {
        for (int i = 0; i < usable.size(); i++) {
            if (usable.get(i).hasCapacity()) {
                return usable.get(i);
            }
        }
        return null;
    }

    // --- connecting ---

    private void connectForWaiting() {
        HboneSettings.Limits limits = shared.settings().limits();
        int wanted = (waiting.size() + limits.streamsPerTunnel() - 1) / limits.streamsPerTunnel();
        while (connecting < wanted) {
            if (usable.size() + connecting >= limits.tunnelsPerKey()) {
                if (connecting == 0) {
                    failWaiting(
                            HboneFailure.STREAM_LIMIT,
                            "all " + usable.size() + " tunnels to " + key.destination() + " are full");
                }
                return;
            }
            connecting++;
            connect();
        }
    }

    private void connect() {
        TunnelTls.Credential credential = shared.tls().current(key.local());
        if (credential != null) {
            connect(credential);
            return;
        }
        CompletableFuture<TunnelTls.Credential> future = shared.tls().require(key.local());
        Runnable giveUp = () -> future.cancel(false);
        var timer = loop.schedule(giveUp, shared.settings().timeouts().connect().toNanos(), TimeUnit.NANOSECONDS);
        future.whenComplete((found, failure) -> loop.execute(() -> {
            timer.cancel(false);
            if (found != null) {
                connect(found);
            } else {
                String why =
                        failure == null || failure.getMessage() == null ? "not issued in time" : failure.getMessage();
                attemptFailed(HboneFailure.CREDENTIALS, "no certificate for " + key.local() + ": " + why, failure);
            }
        }));
    }

    private void connect(TunnelTls.Credential credential) {
        Duration timeout = shared.settings().timeouts().connect();
        Channel channel = null;
        ClientTunnel tunnel;
        try {
            channel = sockets.newChannel(key);
            TunnelOptions.apply(channel, timeout);
            Handshake handshake = new TlsHandshake(shared.tls(), key.local(), key.expected());
            tunnel = new ClientTunnel(shared, handshake, this, credential.generation());
            SslHandler secure = credential.clientHandler(channel.alloc());
            channel.pipeline().addLast(secure, tunnel);
            HandshakePace.before(secure, channel.pipeline());
        } catch (RuntimeException e) {
            if (channel != null) {
                channel.unsafe().closeForcibly();
            }
            String detail = "cannot make a socket for " + key.destination() + ": " + e.getMessage();
            loop.execute(() -> attemptFailed(HboneFailure.CONNECT, detail, e));
            return;
        }
        alive.add(tunnel);
        // Registered and connecting in one go: a socket that epoll watches before connect(2) reports a hang-up.
        ChannelFuture registered = loop.register(channel);
        if (registered.isDone() && !registered.isSuccess()) {
            Throwable cause = registered.cause();
            loop.execute(() -> tunnel.connectFailed(
                    HboneFailure.CONNECT, "cannot register a socket: " + cause.getMessage(), cause));
            return;
        }
        channel.connect(key.destination()).addListener(f -> {
            if (!f.isSuccess()) {
                connectFailed(tunnel, f.cause(), timeout);
            }
        });
    }

    private void connectFailed(ClientTunnel tunnel, Throwable cause, Duration timeout) {
        if (cause instanceof ConnectTimeoutException) {
            tunnel.connectFailed(
                    HboneFailure.CONNECT_TIMEOUT,
                    "no answer from " + key.destination() + " within " + timeout.toMillis()
                            + " ms: a NetworkPolicy may block port "
                            + key.destination().getPort()
                            + " (HBONE needs it open), or the pod is gone",
                    cause);
        } else {
            String hint = cause instanceof ConnectException ? " (is its node's proxy running?)" : "";
            tunnel.connectFailed(
                    HboneFailure.CONNECT,
                    "cannot connect to " + key.destination() + hint + ": " + cause.getMessage(),
                    cause);
        }
    }

    // --- what tunnels report ---

    @Override
    public void onUp(ClientTunnel tunnel) {
        connecting--;
        TunnelTls.Credential current = shared.tls().current(key.local());
        boolean old = current != null && !current.generation().equals(tunnel.generation());
        if (old || tunnel.isRetired()) {
            tunnel.retire("it is out of date before its first stream");
        } else if (tunnel.streamLimit() == 0) {
            tunnel.retire("the peer allows no streams");
            failWaiting(HboneFailure.STREAM_LIMIT, key.destination() + " allows no streams");
        } else {
            usable.add(tunnel);
        }
        serve();
    }

    @Override
    public void onFailed(ClientTunnel tunnel, HboneFailure kind, String detail, @Nullable Throwable cause) {
        alive.remove(tunnel);
        attemptFailed(kind, detail, cause);
    }

    private void attemptFailed(HboneFailure kind, String detail, @Nullable Throwable cause) {
        connecting--;
        shared.events().onFailed(key.local(), key.destination(), kind, detail, cause);
        // As many as the attempt was for; other attempts may do better for the rest.
        int share = shared.settings().limits().streamsPerTunnel();
        Iterator<OpenAttempt> each = List.copyOf(waiting).iterator();
        for (int i = 0; each.hasNext() && (connecting == 0 || i < share); i++) {
            OpenAttempt open = each.next();
            waiting.remove(open);
            open.failed(kind, detail);
        }
    }

    @Override
    public void onCapacity(ClientTunnel tunnel) {
        if (!waiting.isEmpty()) {
            serve();
        }
    }

    @Override
    public void onRetired(ClientTunnel tunnel) {
        usable.remove(tunnel);
    }

    @Override
    public void onDown(ClientTunnel tunnel) {
        usable.remove(tunnel);
        alive.remove(tunnel);
        if (!waiting.isEmpty()) {
            serve();
        }
    }
}

package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The HBONE server of one workload: what the accepted connections of its port 15008 speak. It binds nothing; whoever
 * owns the listener adds {@link #initializer} to each accepted channel. Any thread.
 */
public final class HboneServer implements AutoCloseable {
    private final SpiffeId local;
    private final ConnectHandler handler;
    private final Supplier<WindowBudget> budgets;
    private final TunnelContext shared;
    private final Set<ServerTunnel> tunnels = ConcurrentHashMap.newKeySet();
    private final ChannelHandler initializer = new Initializer();
    private volatile boolean draining;

    /**
     * @param local the workload's identity
     * @param budgets makes what the receive window of one stream is charged to, called once per stream on its loop
     * @param clock for the expiry of certificates
     */
    public HboneServer(
            SpiffeId local,
            ConnectHandler handler,
            Supplier<WindowBudget> budgets,
            TunnelTls tls,
            TunnelEvents events,
            HboneSettings settings,
            InstantSource clock) {
        this.local = local;
        this.handler = handler;
        this.budgets = budgets;
        this.shared = new TunnelContext(settings, tls, events, new HboneStats(), clock, System::nanoTime);
    }

    /** The handler to install in each accepted channel (a shareable ChannelInitializer). */
    public ChannelHandler initializer() {
        return initializer;
    }

    /** Resets the streams and closes the tunnels that {@code accepted} is the channel of, if it is one of ours. */
    public void abort(Channel accepted) {
        for (ServerTunnel tunnel : tunnels) {
            if (accepted.equals(tunnel.ctx().channel())) {
                tunnel.eventLoop().execute(() -> tunnel.close(aborted(), H2Error.NO_ERROR));
            }
        }
    }

    /**
     * Tells the peers by GOAWAY to open no new streams, lets the open ones finish until {@code deadline} has passed and
     * resets the rest. Completes when no tunnel is left. Stop the listener first.
     */
    public CompletableFuture<Void> drain(Duration deadline) {
        return closeAll(tunnel -> {
            if (tunnel.isUp()) {
                tunnel.retire("draining");
                tunnel.closeAfter(deadline, aborted());
            } else {
                tunnel.close(aborted(), H2Error.NO_ERROR);
            }
        });
    }

    /** Resets everything at once. */
    @Override
    public void close() {
        closeAll(tunnel -> tunnel.close(aborted(), H2Error.NO_ERROR));
    }

    public HboneStats stats() {
        return shared.stats();
    }

    private CompletableFuture<Void> closeAll(Consumer<ServerTunnel> action) {
        draining = true;
        List<CompletableFuture<Void>> gone = new ArrayList<>();
        for (ServerTunnel tunnel : tunnels) {
            CompletableFuture<Void> closed = new CompletableFuture<>();
            gone.add(closed);
            tunnel.eventLoop().execute(() -> {
                action.accept(tunnel);
                Completion.whenClosed(List.of(tunnel), closed);
            });
        }
        return CompletableFuture.allOf(gone.toArray(new CompletableFuture<?>[0]));
    }

    private static ResetReason aborted() {
        return new ResetReason(ResetReason.Kind.DRAINED, H2Error.NO_ERROR, "the server's drain is over");
    }

    /** Builds TLS and the tunnel on a fresh channel, or closes it when there is no certificate. */
    @ChannelHandler.Sharable
    private final class Initializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            TunnelTls.Credential credential = shared.tls().current(local);
            if (credential == null || draining) {
                if (credential == null) {
                    shared.events()
                            .onFailed(
                                    local,
                                    (InetSocketAddress) channel.remoteAddress(),
                                    HboneFailure.CREDENTIALS,
                                    "no certificate for " + local + " (is the certificate authority reachable?)",
                                    null);
                }
                channel.close();
                return;
            }
            TunnelOptions.apply(channel, shared.settings().timeouts().connect());
            Handshake handshake = new TlsHandshake(shared.tls(), local, null);
            ServerTunnel tunnel = new ServerTunnel(shared, handshake, local, handler, budgets);
            SslHandler secure = credential.serverHandler(channel.alloc());
            channel.pipeline().addLast(secure, tunnel);
            HandshakePace.before(secure, channel.pipeline());
            tunnels.add(tunnel);
            channel.closeFuture().addListener(f -> tunnels.remove(tunnel));
        }
    }
}

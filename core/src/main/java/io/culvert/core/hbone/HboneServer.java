package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The HBONE server of one workload: what the accepted connections of its port 15008 speak. It binds nothing; whoever
 * owns the listener adds {@link #initializer} to each accepted channel. Any thread.
 */
public final class HboneServer implements AutoCloseable {
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
        throw new UnsupportedOperationException();
    }

    /** The handler to install in each accepted channel (a shareable ChannelInitializer). */
    public ChannelHandler initializer() {
        throw new UnsupportedOperationException();
    }

    /** Resets the streams and closes the tunnels that {@code accepted} is the channel of, if it is one of ours. */
    public void abort(Channel accepted) {
        throw new UnsupportedOperationException();
    }

    /**
     * Tells the peers by GOAWAY to open no new streams, lets the open ones finish until {@code deadline} has passed and
     * resets the rest. Completes when no tunnel is left. Stop the listener first.
     */
    public CompletableFuture<Void> drain(Duration deadline) {
        throw new UnsupportedOperationException();
    }

    /** Resets everything at once. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    public HboneStats stats() {
        throw new UnsupportedOperationException();
    }
}

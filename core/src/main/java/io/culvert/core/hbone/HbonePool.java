package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Opens streams over pooled tunnels: one tunnel per {@link PoolKey} to begin with, more only while all of them are at
 * their stream limit, all of a key on one loop. Any thread, except {@link #open}.
 */
public final class HbonePool implements AutoCloseable {
    /**
     * @param loops where tunnels live; also where app sockets must be registered
     * @param clock for the expiry of certificates
     */
    public HbonePool(
            List<EventLoop> loops,
            TunnelSockets sockets,
            TunnelTls tls,
            TunnelEvents events,
            HboneSettings settings,
            InstantSource clock) {
        throw new UnsupportedOperationException();
    }

    /** The loop of this key's tunnels: register the app's socket there before calling {@link #open} on it. */
    public EventLoop loopFor(PoolKey key) {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens a stream; {@code listener} gets the result. Must be called on one of the pool's loops, the stream will be
     * on that loop.
     *
     * @param budget what the stream's receive window is charged to
     */
    public PendingOpen open(
            PoolKey key,
            ConnectRequest request,
            WindowBudget budget,
            HboneStreamHandler handler,
            OpenListener listener) {
        throw new UnsupportedOperationException();
    }

    /** The mesh no longer has these peers: their tunnels take no new streams and close when theirs have ended. */
    public void invalidate(Predicate<PoolKey> peers) {
        throw new UnsupportedOperationException();
    }

    /** Closes the tunnels of these keys at once and resets their streams: the source pod is gone, say. */
    public void abort(Predicate<PoolKey> keys) {
        throw new UnsupportedOperationException();
    }

    /** There is a new certificate for {@code local}: new streams use new tunnels, the old ones finish theirs. */
    public void onRotated(SpiffeId local) {
        throw new UnsupportedOperationException();
    }

    /** Refuses opens from now on, lets streams finish until {@code deadline} has passed, then resets them. */
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

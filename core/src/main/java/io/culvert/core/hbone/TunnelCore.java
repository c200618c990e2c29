package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel from the end of its TLS handshake on, what client and server have in common: frames in, streams, windows,
 * limits, keep-alive, the end (RFC 9113). It stands behind the SslHandler in the pipeline and is the last handler.
 *
 * <p>Owned by: the channel's loop; the identity and the addresses may be read by any thread once they are known.
 */
abstract class TunnelCore extends TunnelRole {
    private enum Phase {
        // TLS -> SETTINGS: handshake good, ours sent; SETTINGS -> UP: the peer's came; any -> CLOSED.
        TLS,
        SETTINGS,
        UP,
        CLOSED
    }

    /** How long the peer has to close a connection that ended in order. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    final TunnelContext shared;
    private final Handshake handshake;
    private final boolean server;

    private @Nullable SendScheduler scheduler;
    private @Nullable FrameReader reader;
    private final HeaderCodec codec;
    private final FloodGuard guard;
    private final KeepAlive keepAlive;
    private final TunnelFrames frames;
    final Int2ObjectHashMap<H2Stream> streams = new Int2ObjectHashMap<>(8, 0.65f, false);
    final StreamTable table = new StreamTable(this, streams);
    private final SettingsExchange settingsExchange;
    private final Liveness liveness;
    private final Drain drain = new Drain(this);

    private Phase phase = Phase.TLS;
    private final long startNanos;

    TunnelCore(TunnelContext shared, Handshake handshake, boolean server, int maxHeaderList) {
        this.shared = shared;
        this.handshake = handshake;
        this.server = server;
        frames = new TunnelFrames(this, server);
        codec = new HeaderCodec(maxHeaderList);
        guard = new FloodGuard(shared.nanoTime());
        keepAlive = new KeepAlive(
                shared.nanoTime(), shared.settings().timeouts().pingTimeout().toNanos());
        settingsExchange = new SettingsExchange(this, frames);
        liveness = new Liveness(this, keepAlive);
        startNanos = shared.nanoTime().getAsLong();
    }

    // --- for streams and roles ---

    final SendScheduler scheduler() {
        return required(scheduler);
    }

    final HeaderCodec codec() {
        return codec;
    }

    final HboneSettings.Flow flow() {
        return shared.settings().flow();
    }

    final ByteBufAllocator allocator() {
        return ctx().alloc();
    }

    final LongSupplier nanoTime() {
        return shared.nanoTime();
    }

    final long roundTripNanos() {
        return keepAlive.roundTripNanos();
    }

    final KeepAlive keepAlive() {
        return keepAlive;
    }

    final PeerSettings peerSettings() {
        return frames.peerSettings();
    }

    final boolean isUp() {
        return phase == Phase.UP;
    }

    /** Whether TLS is done and the peer's SETTINGS have not come. */
    final boolean isExchangingSettings() {
        return phase == Phase.SETTINGS;
    }

    final boolean isClosed() {
        return phase == Phase.CLOSED;
    }

    /** Seconds since the tunnel was made. */
    final int age() {
        return (int) TimeUnit.NANOSECONDS.toSeconds(nanoTime().getAsLong() - startNanos);
    }

    final boolean allow(FloodGuard.Kind kind) {
        if (guard.allow(kind)) {
            return true;
        }
        connectionError(H2Error.ENHANCE_YOUR_CALM, "too many frames of kind " + kind);
        return false;
    }

    /** A new stream in the table, or null when the budget has no window for it. */
    final @Nullable H2Stream newStream(int id, WindowBudget budget) {
        // What the peer may send before it has seen our SETTINGS is the protocol's default.
        int initial = frames.areSettingsAcknowledged() || !server
                ? flow().initialWindow()
                : Math.max(flow().initialWindow(), Frames.DEFAULT_WINDOW);
        return table.open(id, budget, initial);
    }

    /** The peer broke the rules of the connection (section 5.4.1). */
    final void connectionError(H2Error error, String detail) {
        if (error == H2Error.ENHANCE_YOUR_CALM) {
            shared.stats().floods.increment();
        }
        if (phase == Phase.SETTINGS) {
            fail(HboneFailure.H2_HANDSHAKE, detail, error, null);
        } else {
            close(new ResetReason(ResetReason.Kind.PROTOCOL_ERROR, error, detail), error);
        }
    }

    /** Closes when the last stream has ended, at the latest after {@code deadline} by resetting what is left. */
    final void closeAfter(Duration deadline, ResetReason reason) {
        drain.closeAfter(deadline, reason);
    }

    /** Ends the tunnel now. {@code reason} is null for an end in order, without streams. */
    final void close(@Nullable ResetReason reason, H2Error code) {
        assert eventLoop().inEventLoop();
        if (isClosed()) {
            return;
        }
        boolean wasUp = phase == Phase.UP;
        if (wasUp || phase == Phase.SETTINGS) {
            String debug = reason == null || reason.kind() != ResetReason.Kind.PROTOCOL_ERROR ? "" : reason.detail();
            goAway(lastPeerStream(), code, debug);
        }
        finish(reason, reason == null);
        if (wasUp) {
            wentDown(reason);
        } else {
            failed(HboneFailure.TUNNEL_LOST, reason == null ? "closed" : reason.detail(), null);
        }
    }

    /** The TCP connection did not come about. */
    final void connectFailed(HboneFailure kind, String detail, Throwable cause) {
        fail(kind, detail, null, cause);
    }

    final void goAway(int last, H2Error code, String debug) {
        scheduler().control(Frames.goAway(allocator(), last, code, debug));
    }

    final void sendPing() {
        scheduler().control(Frames.ping(allocator(), false, keepAlive.next()));
    }

    /** Runs {@code onTimeout} unless cancelled; for the roles. */
    final ScheduledFuture<?> after(Duration delay, Runnable onTimeout) {
        return eventLoop().schedule(onTimeout, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    // --- the channel ---

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        super.handlerAdded(ctx);
        SendScheduler to = new SendScheduler(
                ctx,
                flow().maxFrame(),
                () -> connectionError(H2Error.ENHANCE_YOUR_CALM, "the peer does not read what it makes us say"));
        scheduler = to;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (!isClosed()) {
            lost("the tunnel's channel was closed", null);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent completion) {
            if (completion.isSuccess()) {
                handshakeDone();
            } else {
                tlsFailed(completion.cause());
            }
        } else if (event instanceof SslCloseCompletionEvent) {
            lost(liveness.whyEnded(), null);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        FrameReader to = reader;
        if (to == null || isClosed()) {
            // Bytes after the end; before the handshake's end SslHandler passes none.
            in.release();
        } else {
            to.read(in);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            scheduler().onWritable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        lost(liveness.whyEnded(), null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof NotYetConnectedException && !ctx.channel().isActive()) {
            // A read event of a socket that is not connected yet; the connect itself reports how it ends.
            return;
        }
        Throwable real = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (real instanceof javax.net.ssl.SSLException) {
            tlsFailed(real);
        } else {
            lost(String.valueOf(real.getMessage()), real);
        }
    }

    private void handshakeDone() {
        if (phase != Phase.TLS) {
            return;
        }
        addressesKnown();
        switch (handshake.judge(ctx())) {
            case Handshake.Refused refused -> fail(refused.kind(), refused.detail(), null, null);
            case Handshake.Secured good -> {
                proved(good);
                phase = Phase.SETTINGS;
                HboneSettings.Limits limits = shared.settings().limits();
                reader = new FrameReader(
                        frames,
                        allocator(),
                        server,
                        flow().maxFrame(),
                        server ? limits.serverHeaderBytes() : limits.clientHeaderBytes());
                settingsExchange.begin();
                drain.expireAt(good.expiresAt());
            }
        }
    }

    private void tlsFailed(Throwable cause) {
        if (phase == Phase.UP) {
            lost("TLS failed: " + cause.getMessage(), cause);
        } else {
            fail(HboneFailure.TLS, "TLS handshake failed: " + cause.getMessage(), null, cause);
        }
    }

    /** The connection is gone, whatever was going on. */
    private void lost(String detail, @Nullable Throwable cause) {
        if (phase == Phase.CLOSED) {
            ctx().close();
            return;
        }
        switch (phase) {
            case TLS -> fail(HboneFailure.TLS, "connection lost during the TLS handshake: " + detail, null, cause);
            case SETTINGS ->
                fail(
                        HboneFailure.H2_HANDSHAKE,
                        "connection lost before the peer's SETTINGS (it may have refused our certificate): " + detail,
                        null,
                        cause);
            case UP -> {
                ResetReason reason = streams.isEmpty()
                        ? null
                        : new ResetReason(
                                ResetReason.Kind.TUNNEL_LOST,
                                H2Error.NO_ERROR,
                                "tunnel to " + remoteAddress() + ": " + detail);
                finish(reason, false);
                wentDown(reason);
            }
            case CLOSED -> {}
        }
    }

    final void fail(HboneFailure kind, String detail, @Nullable H2Error code, @Nullable Throwable cause) {
        if (isClosed()) {
            return;
        }
        if (code != null) {
            goAway(lastPeerStream(), code, detail);
        }
        finish(new ResetReason(ResetReason.Kind.TUNNEL_LOST, H2Error.NO_ERROR, detail), false);
        shared.stats().tunnelsFailed.increment();
        failed(kind, detail, cause);
    }

    private void wentDown(@Nullable ResetReason reason) {
        shared.stats().tunnelsDown.increment();
        down(reason);
        shared.events().onDown(this, reason);
    }

    private void finish(@Nullable ResetReason reason, boolean linger) {
        phase = Phase.CLOSED;
        settingsExchange.stop();
        liveness.stop();
        drain.stop();
        if (reader != null) {
            reader.stop();
        }
        ResetReason told = reason != null
                ? reason
                : new ResetReason(ResetReason.Kind.TUNNEL_LOST, H2Error.NO_ERROR, "the tunnel was closed");
        table.loseAll(told);
        codec.close();
        if (!hasChannel()) {
            return; // never registered
        }
        scheduler().stop();
        if (linger) {
            // Frames of the peer may be on their way: closing on them would make a RST, which could overtake our last
            // bytes.
            after(LINGER, () -> ctx().close());
        } else {
            ctx().close();
        }
    }

    /** Stops a timer that may not have been started. */
    static void cancel(@Nullable ScheduledFuture<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** The peer's SETTINGS were taken over, the first or later ones. */
    final void settingsArrived() {
        if (phase == Phase.SETTINGS) {
            cameUp();
        } else {
            peerLimitsChanged();
        }
    }

    private void cameUp() {
        phase = Phase.UP;
        shared.stats().tunnelsUp.increment();
        liveness.start();
        shared.events().onUp(this);
        up();
    }
}

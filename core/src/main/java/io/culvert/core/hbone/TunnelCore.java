package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.time.Instant;
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
abstract class TunnelCore extends ChannelInboundHandlerAdapter implements Tunnel {
    private enum Phase {
        // TLS -> SETTINGS: handshake good, ours sent; SETTINGS -> UP: the peer's came; any -> CLOSED.
        TLS,
        SETTINGS,
        UP,
        CLOSED
    }

    /** How long the peer has to close a connection that ended in order. */
    private static final Duration LINGER = Duration.ofSeconds(1);
    /** A PING unanswered for this long tells something of how a connection ended. */
    private static final long TELLING_SILENCE_MILLIS = 1_000;

    final TunnelContext shared;
    private final Handshake handshake;
    private final boolean server;

    private @Nullable ChannelHandlerContext context;
    private @Nullable SendScheduler scheduler;
    private @Nullable FrameReader reader;
    private final HeaderCodec codec;
    private final FloodGuard guard;
    private final KeepAlive keepAlive;
    private final RecentResets recentResets = new RecentResets();
    private final TunnelFrames frames;
    final Int2ObjectHashMap<H2Stream> streams = new Int2ObjectHashMap<>(8, 0.65f, false);

    private Phase phase = Phase.TLS;
    private final long startNanos;

    private @Nullable ScheduledFuture<?> settingsTimer;
    private @Nullable ScheduledFuture<?> tickTimer;
    private @Nullable ScheduledFuture<?> expiryTimer;
    private @Nullable ScheduledFuture<?> deadlineTimer;

    private volatile Handshake.@Nullable Secured secured;
    private volatile @Nullable InetSocketAddress remoteAddress;
    private volatile @Nullable InetSocketAddress localAddress;

    TunnelCore(TunnelContext shared, Handshake handshake, boolean server, int maxHeaderList) {
        this.shared = shared;
        this.handshake = handshake;
        this.server = server;
        frames = new TunnelFrames(this, server);
        codec = new HeaderCodec(maxHeaderList);
        guard = new FloodGuard(shared.nanoTime());
        keepAlive = new KeepAlive(
                shared.nanoTime(), shared.settings().timeouts().pingTimeout().toNanos());
        startNanos = shared.nanoTime().getAsLong();
    }

    // --- what the roles add ---

    /** What stands before our SETTINGS, and they themselves as pairs of id and value. */
    abstract int[] start();

    /** The peer's SETTINGS have come. */
    abstract void up();

    /** The peer announced something new. */
    abstract void peerLimitsChanged();

    /** TLS or HTTP/2 did not come up; the channel is closed. */
    abstract void failed(HboneFailure kind, String detail, @Nullable Throwable cause);

    /** The tunnel was up and is no more; its streams are gone. */
    abstract void down(@Nullable ResetReason reason);

    /** A decoded header block, of a stream in the table or not. */
    abstract void headers(int id, @Nullable H2Stream stream, Http2Headers headers, boolean endStream);

    /** A header block that is bad for its stream only. */
    abstract void badHeaders(int id, @Nullable H2Stream stream, String detail);

    /** Whether this id was never used (section 5.1.1). */
    abstract boolean isIdle(int id);

    /** Whether DATA may come on this stream now. */
    abstract boolean takesData(H2Stream stream);

    /** A stream has left the table. */
    abstract void forgotten(H2Stream stream);

    /** The peer's GOAWAY. */
    abstract void goingAway(int lastStream, H2Error code, String debug);

    /** A certificate has expired, or the streams shall end for another reason: take no new ones, close after the last. */
    abstract void retire(String why);

    /** Every ping interval. */
    abstract void tick(int age);

    /** An acknowledged PING, whichever. */
    void pingAcknowledged() {}

    // --- for streams and roles ---

    final ChannelHandlerContext ctx() {
        return required(context);
    }

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
        ReceiveWindow window = ReceiveWindow.open(budget, shared.stats(), flow(), initial);
        if (window == null) {
            return null;
        }
        H2Stream stream = new H2Stream(this, id, window, peerSettings().initialWindow, age());
        streams.put(id, stream);
        shared.stats().streamsOpened.increment();
        return stream;
    }

    /** The stream is no more in the table. */
    final void forget(H2Stream stream) {
        if (streams.remove(stream.id()) != null) {
            shared.stats().streamsClosed.increment();
            forgotten(stream);
        }
    }

    /** Resets a stream on behalf of its user, who is not called back. */
    final void reset(H2Stream stream, H2Error code) {
        if (stream.drop()) {
            sendReset(stream.id(), code);
        }
    }

    final void sendReset(int id, H2Error code) {
        recentResets.add(id);
        if (!isClosed()) {
            scheduler().control(Frames.rstStream(allocator(), id, code));
        }
    }

    /** The peer broke the rules of one stream (section 5.4.2); its user is told. */
    final void streamError(int id, @Nullable H2Stream stream, H2Error error, String detail) {
        if (!allow(FloodGuard.Kind.PROVOKED_RESET)) {
            return;
        }
        sendReset(id, error);
        if (stream != null) {
            stream.lost(new ResetReason(ResetReason.Kind.PROTOCOL_ERROR, error, detail));
        }
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
        if (isClosed()) {
            return;
        }
        if (deadlineTimer != null) {
            deadlineTimer.cancel(false);
        }
        deadlineTimer =
                eventLoop().schedule(() -> close(reason, H2Error.NO_ERROR), deadline.toNanos(), TimeUnit.NANOSECONDS);
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

    /** The highest stream of the peer's that we acted on; 0 on the client. */
    int lastPeerStream() {
        return 0;
    }

    final void goAway(int last, H2Error code, String debug) {
        scheduler().control(Frames.goAway(allocator(), last, code, debug));
    }

    final void sendPing() {
        scheduler().control(Frames.ping(allocator(), false, keepAlive.next()));
    }

    /** Whether this side reset the stream a short time ago. */
    final boolean wasReset(int id) {
        return recentResets.contains(id);
    }

    /** Runs {@code onTimeout} unless cancelled; for the roles. */
    final ScheduledFuture<?> after(Duration delay, Runnable onTimeout) {
        return eventLoop().schedule(onTimeout, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    // --- Tunnel ---

    @Override
    public SpiffeId peer() {
        return required(secured).peer();
    }

    @Override
    public SpiffeId local() {
        return required(secured).local();
    }

    @Override
    public Instant expiresAt() {
        return required(secured).expiresAt();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return required(remoteAddress);
    }

    @Override
    public InetSocketAddress localAddress() {
        return required(localAddress);
    }

    @Override
    public EventLoop eventLoop() {
        return ctx().channel().eventLoop();
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("the tunnel is not connected yet");
        }
        return value;
    }

    // --- the channel ---

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
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
            connectionEnded();
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
        connectionEnded();
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
        remoteAddress = (InetSocketAddress) ctx().channel().remoteAddress();
        localAddress = (InetSocketAddress) ctx().channel().localAddress();
        switch (handshake.judge(ctx())) {
            case Handshake.Refused refused -> fail(refused.kind(), refused.detail(), null, null);
            case Handshake.Secured good -> {
                secured = good;
                phase = Phase.SETTINGS;
                sendSettings();
                scheduleExpiry(good.expiresAt());
            }
        }
    }

    private void sendSettings() {
        HboneSettings.Limits limits = shared.settings().limits();
        reader = new FrameReader(
                frames,
                allocator(),
                server,
                flow().maxFrame(),
                server ? limits.serverHeaderBytes() : limits.clientHeaderBytes());
        int[] settings = start();
        scheduler().control(Frames.settings(allocator(), settings));
        int more = flow().connectionWindow() - Frames.DEFAULT_WINDOW;
        if (more > 0) {
            scheduler().control(Frames.windowUpdate(allocator(), 0, more));
            frames.grantedConnection(more);
        }
        frames.settingsSent();
        Duration timeout = shared.settings().timeouts().settings();
        settingsTimer = after(timeout, () -> {
            if (phase == Phase.SETTINGS) {
                fail(
                        HboneFailure.H2_HANDSHAKE,
                        "no SETTINGS from the peer within " + timeout.toMillis() + " ms",
                        H2Error.SETTINGS_TIMEOUT,
                        null);
            } else if (!frames.areSettingsAcknowledged()) {
                connectionError(H2Error.SETTINGS_TIMEOUT, "our SETTINGS were not acknowledged");
            }
        });
    }

    private void scheduleExpiry(Instant at) {
        Duration left = Duration.between(shared.clock().instant(), at);
        expiryTimer = after(left.isNegative() ? Duration.ZERO : left, () -> {
            if (!isClosed()) {
                retire("a certificate of the tunnel expired at " + at);
                closeAfter(
                        shared.settings().timeouts().drain(),
                        new ResetReason(
                                ResetReason.Kind.EXPIRED,
                                H2Error.NO_ERROR,
                                "a certificate of the tunnel to " + remoteAddress() + " expired at " + at));
            }
        });
    }

    private void tlsFailed(Throwable cause) {
        if (phase == Phase.UP) {
            lost("TLS failed: " + cause.getMessage(), cause);
        } else {
            fail(HboneFailure.TLS, "TLS handshake failed: " + cause.getMessage(), null, cause);
        }
    }

    /** By the peer, or by the kernel: that it gave up a connection nobody reads (ETIMEDOUT) only shows as a silence. */
    private void connectionEnded() {
        long silence = TimeUnit.NANOSECONDS.toMillis(keepAlive.unansweredNanos());
        lost(
                silence < TELLING_SILENCE_MILLIS
                        ? "the peer closed the connection"
                        : "the connection ended after a PING had no answer for " + silence
                                + " ms: the peer stopped reading, or the network no longer reaches it",
                null);
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

    private void fail(HboneFailure kind, String detail, @Nullable H2Error code, @Nullable Throwable cause) {
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
        cancel(settingsTimer);
        cancel(tickTimer);
        cancel(expiryTimer);
        cancel(deadlineTimer);
        if (reader != null) {
            reader.stop();
        }
        ResetReason told = reason != null
                ? reason
                : new ResetReason(ResetReason.Kind.TUNNEL_LOST, H2Error.NO_ERROR, "the tunnel was closed");
        for (H2Stream stream : streams.values().toArray(new H2Stream[0])) {
            stream.lost(told);
        }
        codec.close();
        if (context == null) {
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

    private static void cancel(@Nullable ScheduledFuture<?> timer) {
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
        Duration every = shared.settings().timeouts().pingInterval();
        tickTimer = eventLoop()
                .scheduleWithFixedDelay(this::onTick, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS);
        shared.events().onUp(this);
        up();
    }

    // --- time ---

    private void onTick() {
        switch (keepAlive.tick()) {
            case SEND -> sendPing();
            case DEAD -> {
                shared.stats().pingTimeouts.increment();
                close(
                        new ResetReason(
                                ResetReason.Kind.PING_TIMEOUT,
                                H2Error.NO_ERROR,
                                "tunnel to " + remoteAddress() + ": no answer to a PING within "
                                        + shared.settings()
                                                .timeouts()
                                                .pingTimeout()
                                                .toMillis() + " ms"),
                        H2Error.NO_ERROR);
                return;
            }
            case FINE -> {}
        }
        tick(age());
    }
}

package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Error.REFUSED_STREAM;
import static io.netty.handler.codec.http2.Http2Error.STREAM_CLOSED;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** What both ends of HTTP/2 have in common. Owned by the channel's loop. */
abstract class Codec extends Http2ConnectionHandler {
    final Http2Connection.PropertyKey states;
    final HeadView view = new HeadView();
    private final Parts parts;
    private final RecentResets resets;
    private final FlushTurn flushes = new FlushTurn(this);

    private @Nullable ChannelHandlerContext context;
    private boolean windowOpened;
    private boolean gone;
    private @Nullable String closing;
    private boolean readSinceLook;

    Codec(Parts parts) {
        super(parts.decoder(), parts.encoder(), parts.initial(), true, true);
        this.parts = parts;
        this.resets = parts.resets();
        this.states = parts.connection().newKey();
        parts.decoder().frameListener(new FrameDispatch(this));
        parts.connection().addListener(new Http2ConnectionAdapter() {
            @Override
            public void onStreamClosed(Http2Stream stream) {
                closed(stream);
            }
        });
    }

    /** HEADERS of a stream that has no state yet, or more of one that has. */
    abstract void head(Http2Stream stream, FieldBlock block, boolean end) throws Http2Exception;

    /** Our direction of the stream has ended, and left. */
    abstract void afterOutputEnd(StreamState state);

    /** A stream is closed, whoever closed it; {@code state} knows whether that was to be. */
    abstract void afterClose(Http2Stream stream, @Nullable StreamState state);

    /** The connection ends because of what the peer sent. */
    abstract void onPeerFault(Http2Error error, String detail);

    /** What a RST_STREAM of the peer means. */
    abstract StreamError reason(long code);

    /** The client gave a stream up; throws when it does so too often. */
    void countReset(StreamState state) throws Http2Exception {}

    /** The peer's settings were taken over. */
    void onSettings() {}

    /** The peer goes away, and serves no stream above {@code lastStreamId} that we opened. */
    void onGoAway(int lastStreamId) {}

    /** A PING of ours was answered. */
    void onPong() {
        pings().expect(false);
    }

    /** After a flush, when nothing of the codec is under way. */
    void settled() {}

    final ChannelHandlerContext context() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("the HTTP/2 codec is not in a pipeline yet");
        }
        return ctx;
    }

    final H2Settings settings() {
        return parts.settings();
    }

    final FrameWriter writer() {
        return parts.writer();
    }

    final FloodGuard floods() {
        return parts.floods();
    }

    final BodyBytes bytes() {
        return parts.bytes();
    }

    final PendingPing pings() {
        return parts.pings();
    }

    final boolean isGone() {
        return gone;
    }

    final boolean hasContext() {
        return context != null;
    }

    final @Nullable StreamState state(@Nullable Http2Stream stream) {
        return stream == null ? null : stream.getProperty(states);
    }

    // ---- the channel

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
        context = ctx;
        super.handlerAdded(ctx);
        opened(ctx);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        super.channelActive(ctx);
        opened(ctx);
    }

    private void opened(ChannelHandlerContext ctx) throws Http2Exception {
        if (windowOpened || !ctx.channel().isActive()) {
            return;
        }
        windowOpened = true;
        parts.credit().open(settings().connectionWindow());
        flush(ctx);
        if (!ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
        up(ctx);
    }

    /** The channel is active, and the preface sent. */
    abstract void up(ChannelHandlerContext ctx);

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
        flushes.reading(true);
        readSinceLook = true;
        super.channelRead(ctx, message);
        cutOffIfStuck(ctx);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        flushes.reading(false);
        super.channelReadComplete(ctx);
    }

    final boolean wasRead() {
        boolean was = readSinceLook;
        readSinceLook = false;
        return was;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
        if (ctx.channel().isWritable()) {
            writer().unstuck();
        }
        super.channelWritabilityChanged(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        gone = true;
        super.channelInactive(ctx);
        writer().discard();
        down();
    }

    /** The channel is closed, and every stream with it. */
    abstract void down();

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) throws Exception {
        super.handlerRemoved0(ctx);
        writer().discard();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws Exception {
        if (cause instanceof Http2Exception) {
            super.exceptionCaught(ctx, cause);
        } else {
            close(String.valueOf(cause.getMessage()));
        }
    }

    /** Closes the channel at once; streams hear why. */
    final void close(String detail) {
        if (closing == null) {
            closing = detail;
        }
        context().close();
    }

    final void goAway(int lastStreamId) {
        goAway(
                context(),
                lastStreamId,
                Http2Error.NO_ERROR.code(),
                Unpooled.EMPTY_BUFFER,
                context().newPromise());
        wantFlush();
    }

    // ---- flushing

    final void wantFlush() {
        flushes.want();
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        flushes.flush(ctx);
    }

    /** Ends a connection whose peer makes us answer and does not read. */
    final void cutOffIfStuck(ChannelHandlerContext ctx) {
        if (writer().isStuck() && !gone) {
            onError(ctx, true, connectionError(ENHANCE_YOUR_CALM, "the peer makes us answer and does not read"));
            close("the peer does not read what it asks for");
        }
    }

    final void tellWritable(StreamState state) {
        flushes.tellWritable(state);
    }

    final void sentData() {
        floods().sentData();
    }

    // ---- streams

    final void returnCredit(Http2Stream stream, int bytes) {
        if (gone || bytes == 0) {
            return;
        }
        try {
            if (decoder().flowController().consumeBytes(stream, bytes)) {
                wantFlush();
            }
        } catch (Http2Exception e) {
            onError(context(), true, e);
        }
    }

    /** Writes a head at once; {@code end} when nothing follows. */
    final void writeHead(StreamState state, HeadView head, boolean end) {
        encoder()
                .writeHeaders(
                        context(), state.stream.id(), head, 0, end, context().newPromise());
        view.forget();
        if (end) {
            ended(state);
        }
        wantFlush();
    }

    final void writeTrailers(StreamState state, Fields trailers) {
        writer().writeHeaders(
                        context(),
                        state.stream.id(),
                        view.of(trailers),
                        0,
                        true,
                        context().newPromise());
        state.stream.headersSent(false);
        view.forget();
    }

    /** END_STREAM is written. */
    final void outputEnded(StreamState state) {
        closeStreamLocal(state.stream, context().newSucceededFuture());
        ended(state);
    }

    final void ended(StreamState state) {
        state.markOutputEnded();
        afterOutputEnd(state);
    }

    final void resetByUs(Http2Stream stream, long code) {
        if (gone || stream.state() == Http2Stream.State.CLOSED) {
            return;
        }
        resets.add(stream.id());
        encoder().writeRstStream(context(), stream.id(), code, context().newPromise());
        wantFlush();
    }

    private void closed(Http2Stream stream) {
        StreamState state = stream.getProperty(states);
        afterClose(stream, state);
        if (state != null) {
            state.returnAll();
            state.broken(lostReason(), closing == null ? "the connection was closed" : closing);
        }
    }

    /** What it means that the connection is lost. */
    abstract StreamError lostReason();

    // ---- errors

    @Override
    protected void onConnectionError(
            ChannelHandlerContext ctx, boolean outbound, Throwable cause, @Nullable Http2Exception http2Ex) {
        String detail = String.valueOf((http2Ex == null ? cause : http2Ex).getMessage());
        if (closing == null) {
            closing = detail;
            onPeerFault(http2Ex == null ? Http2Error.INTERNAL_ERROR : http2Ex.error(), detail);
        }
        super.onConnectionError(ctx, outbound, cause, http2Ex);
    }

    @Override
    protected void onStreamError(ChannelHandlerContext ctx, boolean outbound, Throwable cause, StreamException error) {
        int id = error.streamId();
        Http2Stream stream = connection().stream(id);
        if (!outbound && !allow(ctx, stream, error)) {
            return;
        }
        if (stream == null && error.error() == STREAM_CLOSED && resets.contains(id)) {
            return;
        }
        StreamState state = state(stream);
        if (state != null) {
            state.broken(meaning(outbound, error), String.valueOf(error.getMessage()));
        }
        resets.add(id);
        super.onStreamError(ctx, outbound, cause, error);
    }

    private static StreamError meaning(boolean outbound, StreamException error) {
        if (!outbound) {
            return StreamError.PROTOCOL;
        }
        return error instanceof Http2Exception.HeaderListSizeException ? StreamError.LIMIT : StreamError.INTERNAL;
    }

    private boolean allow(ChannelHandlerContext ctx, @Nullable Http2Stream stream, StreamException error) {
        FloodGuard.Kind kind = FloodGuard.Kind.PROVOKED_RESET;
        if (stream == null && error.error() == STREAM_CLOSED && resets.contains(error.streamId())) {
            kind = FloodGuard.Kind.CLOSED_STREAM;
        } else if (error.error() == REFUSED_STREAM) {
            kind = FloodGuard.Kind.REFUSED;
        }
        if (floods().allow(kind, connection().numActiveStreams())) {
            return true;
        }
        onError(ctx, false, connectionError(ENHANCE_YOUR_CALM, "too many streams had to be reset: %s", kind));
        return false;
    }
}

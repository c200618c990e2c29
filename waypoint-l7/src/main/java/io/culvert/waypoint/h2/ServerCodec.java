package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;
import static io.netty.handler.codec.http2.Http2Exception.streamError;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.StreamError;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The end of a connection that takes requests. Owned by the channel's loop. */
final class ServerCodec extends Codec {
    private final RequestHandler requests;
    private final Http2Server.Listener listener;
    private boolean draining;
    private boolean finalGoAway;
    private @Nullable ScheduledFuture<?> idle;

    ServerCodec(
            RequestHandler requests,
            H2Settings settings,
            Http2Server.Listener listener,
            HeldBytes held,
            LongSupplier nanoTime) {
        super(Parts.make(true, settings, held, nanoTime));
        this.requests = requests;
        this.listener = listener;
    }

    @Override
    void up(ChannelHandlerContext ctx) {
        wasRead();
        long wait = settings().idleTimeout().toNanos();
        idle = ctx.channel().eventLoop().scheduleWithFixedDelay(this::lookIdle, wait, wait, TimeUnit.NANOSECONDS);
    }

    private void lookIdle() {
        if (!wasRead() && connection().numActiveStreams() == 0 && !isGone()) {
            goAway(connection().remote().lastStreamCreated());
            flush(context());
            close("the connection was idle");
        }
    }

    @Override
    void down() {
        if (idle != null) {
            idle.cancel(false);
        }
    }

    // ---- the end of a connection

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (Http2Server.DRAIN.equals(event)) {
            drain();
        }
        super.userEventTriggered(ctx, event);
    }

    /** Requests that are on their way when the client hears of the end are still served (RFC 9113, section 6.8). */
    private void drain() {
        if (draining || isGone()) {
            return;
        }
        draining = true;
        goAway(Integer.MAX_VALUE);
        pings().expect(true);
        encoder().writePing(context(), false, 0, context().newPromise());
        wantFlush();
    }

    @Override
    void onPong() {
        if (draining && !finalGoAway && pings().expected()) {
            finalGoAway = true;
            goAway(connection().remote().lastStreamCreated());
        }
        super.onPong();
    }

    @Override
    void settled() {
        if (finalGoAway && connection().numActiveStreams() == 0) {
            close("drained");
        }
    }

    // ---- requests

    @Override
    void head(Http2Stream stream, FieldBlock block, boolean end) throws Http2Exception {
        StreamState before = state(stream);
        if (before != null) {
            before.trailers(block, end);
            return;
        }
        switch (RequestReader.read(block, settings().paths())) {
            case RequestReader.Accepted accepted -> accept(stream, accepted, block.contentLength(), end);
            case RequestReader.Malformed malformed -> {
                listener.onRejected(0, malformed.detail());
                throw streamError(stream.id(), PROTOCOL_ERROR, "%s", malformed.detail());
            }
            case RequestReader.Refused refused -> {
                listener.onRejected(refused.status(), refused.detail());
                refuse(stream, refused.status(), end);
            }
        }
    }

    private void accept(Http2Stream stream, RequestReader.Accepted accepted, long contentLength, boolean end)
            throws Http2Exception {
        if (end && contentLength > 0) {
            listener.onRejected(0, "content-length without a body");
            throw streamError(stream.id(), PROTOCOL_ERROR, "content-length without a body");
        }
        ServerStream exchange = new ServerStream(this, stream, accepted.head(), end);
        exchange.expect(contentLength);
        stream.setProperty(states, exchange);
        requests.onRequest(exchange);
    }

    private void refuse(Http2Stream stream, int status, boolean end) {
        ResponseHead head = new ResponseHead(status, new Fields().add("content-length", "0"));
        encoder()
                .writeHeaders(
                        context(),
                        stream.id(),
                        view.of(head),
                        0,
                        true,
                        context().newPromise());
        view.forget();
        if (!end) {
            resetByUs(stream, Http2Error.NO_ERROR.code());
        }
    }

    @Override
    void afterOutputEnd(StreamState state) {
        if (!state.isInputEnded()) {
            // What the client still sends has no use any more (RFC 9113, section 8.1).
            resetByUs(state.stream, Http2Error.NO_ERROR.code());
        }
    }

    @Override
    void afterClose(Http2Stream stream, @Nullable StreamState state) {}

    @Override
    void countReset(StreamState state) throws Http2Exception {
        FloodGuard.Kind kind =
                ((ServerStream) state).hasResponded() ? FloodGuard.Kind.LATE_RESET : FloodGuard.Kind.EARLY_RESET;
        if (!floods().allow(kind, connection().numActiveStreams())) {
            throw connectionError(ENHANCE_YOUR_CALM, "too many requests were given up: %s", kind);
        }
    }

    // ---- errors

    @Override
    void onPeerFault(Http2Error error, String detail) {
        listener.onConnectionError(error, detail);
    }

    @Override
    protected void onStreamError(ChannelHandlerContext ctx, boolean outbound, Throwable cause, StreamException error) {
        if (error instanceof Http2Exception.HeaderListSizeException) {
            listener.onRejected(431, "the fields of the request are far too large");
        }
        super.onStreamError(ctx, outbound, cause, error);
    }

    @Override
    StreamError lostReason() {
        return StreamError.CANCELLED;
    }

    @Override
    StreamError reason(long code) {
        return StreamError.CANCELLED;
    }
}

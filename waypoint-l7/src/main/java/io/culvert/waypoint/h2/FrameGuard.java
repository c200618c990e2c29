package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.STREAM_CLOSED;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;
import static io.netty.handler.codec.http2.Http2Exception.streamError;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * Counts frames before Netty's decoder sees them: many it ignores without telling anybody. Frames that are welcome at any
 * rate are HEADERS that open streams, because windows and the number of streams bound them, and DATA that holds any.
 */
final class FrameGuard extends Http2FrameListenerDecorator {
    /** Envoy's {@code max_consecutive_inbound_frames_with_empty_payload}. */
    private static final int MAX_EMPTY = 1;

    private final Http2Connection connection;
    private final FloodGuard floods;
    private final PendingPing pings;
    private final RecentResets resets;
    private final SkippedStreams skipped = new SkippedStreams();
    private int empty;

    FrameGuard(
            Http2FrameListener next,
            Http2Connection connection,
            FloodGuard floods,
            PendingPing pings,
            RecentResets resets) {
        super(next);
        this.resets = resets;
        this.connection = connection;
        this.floods = floods;
        this.pings = pings;
    }

    boolean guards(Http2FrameListener next) {
        return listener.equals(next);
    }

    private void count(FloodGuard.Kind kind) throws Http2Exception {
        if (!floods.allow(kind, connection.numActiveStreams())) {
            throw connectionError(ENHANCE_YOUR_CALM, "too many frames of kind %s", kind);
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream)
            throws Http2Exception {
        if (endOfStream || data.isReadable()) {
            empty = 0;
        } else if (++empty > MAX_EMPTY) {
            throw connectionError(ENHANCE_YOUR_CALM, "more than %d empty DATA frames in a row", MAX_EMPTY);
        }
        return super.onDataRead(ctx, streamId, data, padding, endOfStream);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean endOfStream)
            throws Http2Exception {
        checkOrder(streamId);
        super.onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int streamDependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean endOfStream)
            throws Http2Exception {
        checkOrder(streamId);
        super.onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    /** Whether HEADERS may come on the stream (RFC 9113, sections 5.1 and 5.1.1): Netty says it less exactly. */
    private void checkOrder(int id) throws Http2Exception {
        Http2Stream stream = connection.stream(id);
        if (stream != null) {
            if (!stream.state().remoteSideOpen() && !stream.isResetSent()) {
                throw streamError(id, STREAM_CLOSED, "HEADERS on a stream that the peer has ended");
            }
            return;
        }
        int last = connection.remote().lastStreamCreated();
        if (!connection.isServer() || !connection.remote().isValidStreamId(id) || resets.contains(id)) {
            return;
        }
        if (id > last) {
            skipped.opened(last, id);
        } else if (skipped.contains(id)) {
            throw connectionError(PROTOCOL_ERROR, "stream %d is opened after a higher one", id);
        } else {
            throw connectionError(STREAM_CLOSED, "HEADERS on stream %d, which is closed", id);
        }
    }

    @Override
    public void onPriorityRead(
            ChannelHandlerContext ctx, int streamId, int streamDependency, short weight, boolean exclusive)
            throws Http2Exception {
        count(FloodGuard.Kind.PRIORITY);
        super.onPriorityRead(ctx, streamId, streamDependency, weight, exclusive);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) throws Http2Exception {
        if (connection.stream(streamId) == null) {
            count(FloodGuard.Kind.IGNORED);
        }
        super.onRstStreamRead(ctx, streamId, errorCode);
    }

    @Override
    public void onSettingsAckRead(ChannelHandlerContext ctx) throws Http2Exception {
        count(FloodGuard.Kind.IGNORED);
        super.onSettingsAckRead(ctx);
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
        count(FloodGuard.Kind.SETTINGS);
        super.onSettingsRead(ctx, settings);
    }

    @Override
    public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        count(FloodGuard.Kind.PING);
        super.onPingRead(ctx, data);
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        if (!pings.expected()) {
            count(FloodGuard.Kind.IGNORED);
        }
        super.onPingAckRead(ctx, data);
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext ctx, int lastStreamId, long errorCode, ByteBuf debugData)
            throws Http2Exception {
        count(FloodGuard.Kind.GOAWAY);
        super.onGoAwayRead(ctx, lastStreamId, errorCode, debugData);
    }

    @Override
    public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int windowSizeIncrement)
            throws Http2Exception {
        count(FloodGuard.Kind.WINDOW_UPDATE);
        super.onWindowUpdateRead(ctx, streamId, windowSizeIncrement);
    }

    @Override
    public void onUnknownFrame(
            ChannelHandlerContext ctx, byte frameType, int streamId, Http2Flags flags, ByteBuf payload)
            throws Http2Exception {
        count(FloodGuard.Kind.IGNORED);
        super.onUnknownFrame(ctx, frameType, streamId, flags, payload);
    }
}

package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Settings;

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
    private int empty;

    FrameGuard(Http2FrameListener next, Http2Connection connection, FloodGuard floods, PendingPing pings) {
        super(next);
        this.connection = connection;
        this.floods = floods;
        this.pings = pings;
    }

    boolean guards(Http2FrameListener next) {
        return listener == next;
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

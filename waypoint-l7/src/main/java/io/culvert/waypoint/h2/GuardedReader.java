package io.culvert.waypoint.h2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2HeadersDecoder;
import org.jspecify.annotations.Nullable;

/** Netty's frame reader with a {@link FrameGuard} between it and whoever listens. Bounds CONTINUATION itself. */
final class GuardedReader extends DefaultHttp2FrameReader {
    private final Http2Connection connection;
    private final FloodGuard floods;
    private final PendingPing pings;
    private final RecentResets resets;
    private @Nullable FrameGuard guard;

    GuardedReader(
            Http2HeadersDecoder headers,
            Http2Connection connection,
            FloodGuard floods,
            PendingPing pings,
            RecentResets resets) {
        super(headers);
        this.resets = resets;
        this.connection = connection;
        this.floods = floods;
        this.pings = pings;
    }

    @Override
    public void readFrame(ChannelHandlerContext ctx, ByteBuf input, Http2FrameListener listener) throws Http2Exception {
        FrameGuard to = guard;
        if (to == null || !to.guards(listener)) {
            // Twice in a connection's life: Netty changes its listener after the first SETTINGS.
            to = new FrameGuard(listener, connection, floods, pings, resets);
            guard = to;
        }
        super.readFrame(ctx, input, to);
    }
}

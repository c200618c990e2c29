package io.culvert.waypoint.h2;

import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import java.util.function.LongSupplier;

/** The parts of Netty's codec, put together as one connection needs them. */
record Parts(
        H2Settings settings,
        DefaultHttp2Connection connection,
        StreamCredit credit,
        FrameWriter writer,
        Http2ConnectionEncoder encoder,
        Http2ConnectionDecoder decoder,
        Http2Settings initial,
        FloodGuard floods,
        PendingPing pings,
        RecentResets resets,
        BodyBytes bytes) {
    /** What a stream may send before it is the next one's turn. */
    private static final int TURN = 16 * 1024;

    static Parts make(boolean server, H2Settings settings, HeldBytes held, LongSupplier nanoTime) {
        DefaultHttp2Connection connection = new DefaultHttp2Connection(server, 0);
        StreamCredit credit = new StreamCredit(connection, !server);
        connection.local().flowController(credit);
        // Priorities cost more than they are worth (RFC 9113, section 5.3.2), and clients could make us sort trees.
        UniformStreamByteDistributor distributor = new UniformStreamByteDistributor(connection);
        distributor.minAllocationChunk(TURN);
        connection.remote().flowController(new DefaultHttp2RemoteFlowController(connection, distributor));
        FrameWriter writer = new FrameWriter();
        Http2ConnectionEncoder encoder = new DefaultHttp2ConnectionEncoder(connection, writer);
        FloodGuard floods = new FloodGuard(nanoTime);
        PendingPing pings = new PendingPing();
        RecentResets resets = new RecentResets();
        FieldBlockDecoder headers = new FieldBlockDecoder(server, settings.maxHeadBytes(), settings.maxFields());
        GuardedReader reader = new GuardedReader(headers, connection, floods, pings, resets);
        Http2ConnectionDecoder decoder = new DefaultHttp2ConnectionDecoder(connection, encoder, reader);
        return new Parts(
                settings,
                connection,
                credit,
                writer,
                encoder,
                decoder,
                initial(server, settings, connection),
                floods,
                pings,
                resets,
                new BodyBytes(settings, held));
    }

    private static Http2Settings initial(boolean server, H2Settings settings, DefaultHttp2Connection connection) {
        Http2Settings initial = new Http2Settings()
                .initialWindowSize(settings.streamWindow())
                .maxHeaderListSize(settings.maxHeadBytes());
        if (server) {
            // At once, and not when the client has acknowledged it.
            connection.remote().maxActiveStreams(settings.maxStreams());
            return initial.maxConcurrentStreams(settings.maxStreams());
        }
        return initial.pushEnabled(false);
    }
}

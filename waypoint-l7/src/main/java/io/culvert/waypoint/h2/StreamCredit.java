package io.culvert.waypoint.h2;

import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** Netty's windows towards the peer: the connection's credit returns on receipt, a stream's when it is given back. */
final class StreamCredit extends DefaultHttp2LocalFlowController {
    StreamCredit(Http2Connection connection) {
        super(connection, DEFAULT_WINDOW_UPDATE_RATIO, true);
    }

    /**
     * Returns credit, and never more than is due: of data beyond its window Netty's decoder gives twice as much back as
     * came, and that would be told to the peer as a fault of ours instead of its own.
     */
    @Override
    public boolean consumeBytes(@Nullable Http2Stream stream, int numBytes) throws Http2Exception {
        return stream != null && super.consumeBytes(stream, Math.min(numBytes, unconsumedBytes(stream)));
    }
}

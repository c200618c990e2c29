package io.culvert.waypoint.h2;

import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * Netty's windows towards the peer: a stream's credit returns when it is given back. So does the connection's towards
 * clients: its window bounds what one of them can make us hold. Towards apps it returns on receipt, because the requests
 * of many clients share a connection, and one that does not read must not starve the others.
 */
final class StreamCredit extends DefaultHttp2LocalFlowController {
    /**
     * The connection's window is told anew when this much of it is left. With Netty's half, bodies that nobody reads
     * would block all others as soon as they filled half of it.
     */
    static final float RATIO = 0.9f;

    private final Http2Connection connection;
    private final boolean onReceipt;

    StreamCredit(Http2Connection connection, boolean onReceipt) {
        super(connection, DEFAULT_WINDOW_UPDATE_RATIO, onReceipt);
        this.connection = connection;
        this.onReceipt = onReceipt;
    }

    /** Opens the connection's window, once the channel is there. */
    void open(int bytes) throws Http2Exception {
        Http2Stream all = connection.connectionStream();
        if (!onReceipt) {
            windowUpdateRatio(all, RATIO);
        }
        int more = bytes - windowSize(all);
        if (more > 0) {
            incrementWindowSize(all, more);
        }
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

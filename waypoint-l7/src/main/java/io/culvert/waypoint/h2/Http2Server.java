package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.RequestHandler;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http2.Http2Error;

/**
 * HTTP/2 towards clients, with prior knowledge: the first bytes of the channel are the client's preface. Protocol changes
 * are not offered: extended CONNECT (RFC 8441) is not advertised, and {@code upgrade} of a request is always empty.
 */
public final class Http2Server {
    /** An event for the pipeline: the connection takes no more requests, and ends with those under way. */
    public static final Object DRAIN = new Object() {
        @Override
        public String toString() {
            return "Http2Server.DRAIN";
        }
    };

    private Http2Server() {}

    /** What the codec decides by itself, for telemetry. On the loop. */
    public interface Listener {
        /** A listener that does not listen. */
        Listener NONE = new Listener() {
            @Override
            public void onRejected(int status, String detail) {}

            @Override
            public void onConnectionError(Http2Error error, String detail) {}
        };

        /**
         * A request for which no exchange was made (flag DPE). What turns out to be malformed after its head is told to
         * the exchange's receiver instead.
         *
         * @param status what the client was told; 0 when its stream was reset, as for what is no HTTP
         */
        void onRejected(int status, String detail);

        /** The connection ends because of what the client sent. */
        void onConnectionError(Http2Error error, String detail);
    }

    /**
     * The codec for one connection; to be added to the pipeline of its channel.
     *
     * @param held what its bodies hold is counted there
     */
    public static ChannelHandler handler(
            RequestHandler requests, H2Settings settings, Listener listener, HeldBytes held) {
        return new ServerCodec(requests, settings, listener, held, System::nanoTime);
    }
}

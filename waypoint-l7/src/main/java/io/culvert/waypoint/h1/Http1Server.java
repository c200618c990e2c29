package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.RequestHandler;
import io.netty.channel.ChannelHandler;

/**
 * HTTP/1.1 towards clients: reads the requests of a channel, one at a time, and hands them on as exchanges. The channel
 * carries nothing but the bytes of one client connection; the codec reads from it as credit allows.
 */
public final class Http1Server {
    /** Events for the pipeline. */
    public enum Signal {
        /** The connection is to end soon. A resting one ends now, a busy one with its response. */
        DRAIN
    }

    private Http1Server() {}

    /** What the codec answers by itself, for telemetry. On the loop. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Bytes that are no request, for which no exchange was made (flag DPE). A body that turns out to be malformed
         * is told to its receiver instead.
         *
         * @param status what the client was told
         */
        void onRejected(int status, String detail);
    }

    /** As the other one; what is refused is told to the handler of the requests. */
    public static ChannelHandler handler(RequestHandler requests, Http1Settings settings, String scheme) {
        return handler(requests, settings, scheme, (status, detail) -> requests.onRefused("HTTP/1.1", status, detail));
    }

    /**
     * The codec for one connection; to be added to the pipeline of its channel.
     *
     * @param scheme {@code http} or {@code https}: what requests are said to have come by
     */
    public static ChannelHandler handler(
            RequestHandler requests, Http1Settings settings, String scheme, Listener listener) {
        return new ServerConnection(requests, settings, scheme, listener);
    }
}

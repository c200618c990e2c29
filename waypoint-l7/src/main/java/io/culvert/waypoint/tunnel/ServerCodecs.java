package io.culvert.waypoint.tunnel;

import io.culvert.waypoint.http.RequestHandler;
import io.netty.channel.ChannelHandler;
import java.util.List;

/**
 * Makes what speaks HTTP with a client on a channel over its stream. The channel reads by itself from the start, and
 * ends as a whole when the client ends its direction, unless the codec sets ALLOW_HALF_CLOSURE. Any thread.
 */
public interface ServerCodecs {
    /** HTTP/1.1; the first bytes may be anything but the preface of HTTP/2. */
    ChannelHandler http1(RequestHandler requests);

    /** HTTP/2; the first bytes are the client's connection preface. */
    ChannelHandler http2(RequestHandler requests);

    /**
     * User events that tell codecs to take no more requests, to tell the client so, and to close the channel after those
     * under way; each codec knows its own.
     */
    List<Object> drainSignals();
}

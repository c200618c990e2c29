package io.culvert.waypoint.cluster;

import io.culvert.waypoint.http.ClientConnection;
import io.netty.channel.Channel;

/**
 * Puts HTTP towards apps onto byte channels. Called on the channel's loop while the channel is initialised, so before it
 * is active: a codec adds its handlers to the pipeline, and sends and reads nothing until the channel is active.
 */
public interface ClientCodecs {
    /** HTTP/1.1, one request at a time. */
    ClientConnection http1(Channel channel);

    /** HTTP/2 with prior knowledge. */
    ClientConnection http2(Channel channel);
}

package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;

/**
 * An endpoint chosen for one connection of bytes. Counts as a connection of its cluster and as load of its endpoint until
 * {@link #done}. Any thread, one after the other.
 */
public interface TcpChoice {
    Endpoint endpoint();

    /** {@code ip:port} of the endpoint, for logs. */
    String address();

    /** It was reached. */
    void connected();

    /** It was not, or broke off at once: counts for ejection. */
    void failed();

    /** The connection is over; always called once, at last. */
    void done();
}

package io.culvert.waypoint.http;

import io.netty.channel.EventLoop;

/** A connection to an app that speaks HTTP; a codec makes it. Owned by {@link #loop()}. */
public interface ClientConnection {
    EventLoop loop();

    /** {@code HTTP/1.1} or {@code HTTP/2}. */
    String protocol();

    /** How many more requests it takes now: 0 or 1 for HTTP/1.1; 0 once it is closing. */
    int capacity();

    /** Requests under way. */
    int active();

    /**
     * Sends a request. Only while {@link #capacity} is positive.
     *
     * @param end nothing follows the head
     */
    ClientExchange send(RequestHead head, boolean end, ResponseReceiver receiver);

    /** Takes no more requests, and closes when those under way have ended. */
    void retire();

    /** Closes it now; its exchanges are reset. */
    void close();

    /** Is told, on the loop, when {@link #capacity} grew or the connection is gone. One listener. */
    void listener(Listener listener);

    /** What a pool wants to know of its connections. */
    interface Listener {
        void onCapacity(ClientConnection connection);

        void onClosed(ClientConnection connection);
    }
}

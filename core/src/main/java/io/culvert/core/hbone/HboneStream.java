package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;

/**
 * One app connection inside a tunnel: a byte sink with back-pressure, and the handle for its receive credit.
 *
 * <p>Owned by {@link #eventLoop()}: every method must be called there. After the stream is gone all of them do nothing
 * (and {@link #write} releases), so that a relay needs no check before each call.
 */
public interface HboneStream {
    EventLoop eventLoop();

    Tunnel tunnel();

    /** The HTTP/2 stream id, for logs. */
    int id();

    /** Whether the stream is neither reset nor closed in both directions. */
    boolean isOpen();

    /**
     * Queues {@code data} until the peer's windows and the socket have room, and takes ownership. Everything written
     * in one turn of the loop leaves in one flush. Nothing is refused: stop writing while {@link #isWritable} is false.
     */
    void write(ByteBuf data);

    /** False from the time the queue reaches the high watermark until it is back at the low one (then onWritable). */
    boolean isWritable();

    /** Bytes that are queued and not yet written to the tunnel. */
    int queuedBytes();

    /** Ends this direction with END_STREAM once the queue is written; the other direction stays open. */
    void finish();

    /**
     * Gives the stream up in both directions and drops the queue. A reset of the app's connection is CONNECT_ERROR
     * (RFC 9113, section 8.5); CANCEL is sent as CONNECT_ERROR too, since ztunnel takes CANCEL for a clean end. No
     * callback follows. Needed also after both directions have ended if delivered bytes will never be consumed: it
     * gives their budget back.
     */
    void reset(H2Error code);

    /** Returns credit for {@code bytes} that onData delivered: call it when they have left for the app's socket. */
    void consumed(int bytes);
}

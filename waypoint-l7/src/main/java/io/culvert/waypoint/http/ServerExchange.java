package io.culvert.waypoint.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A client's request and the way back to it; a codec makes it. Owned by {@link #loop()}. After its end or reset every
 * method does nothing (write releases).
 */
public interface ServerExchange {
    EventLoop loop();

    RequestHead request();

    /** {@code HTTP/1.1} or {@code HTTP/2}, for logs. */
    String protocol();

    /** Whether nothing follows the head: no body, no trailers. */
    boolean isComplete();

    /** Who is told what follows the head. To be called within {@link RequestHandler#onRequest}. */
    void receiver(BodyReceiver receiver);

    /** Returns credit for bytes that the receiver got: they have left, or are dropped. */
    void consumed(int bytes);

    /** Sends an interim response (100 to 199 except 101). */
    void inform(ResponseHead head);

    /**
     * Sends the head of the final response. A response that belongs to HEAD, or of status 204 and 304, has no body
     * whatever is written.
     *
     * @param end nothing follows
     */
    void respond(ResponseHead head, boolean end);

    /**
     * Accepts the protocol change that the request asked for: 101 to HTTP/1.1. From now on data is bytes of the new
     * protocol in both directions, and {@code end(null)} half-closes.
     */
    void upgrade(ResponseHead head);

    /** Sends a part of the body and takes ownership. */
    void write(ByteBuf data);

    /** Whether more should be written now. */
    boolean isWritable();

    /** Ends the response; trailers are dropped where the protocol or the client cannot take them. */
    void end(@Nullable Fields trailers);

    /** Breaks the exchange off so that the client notices: RST_STREAM, or a closed connection. */
    void reset(StreamError error);

    /** False once the response has ended and been written, or was reset from either side. */
    boolean isOpen();
}

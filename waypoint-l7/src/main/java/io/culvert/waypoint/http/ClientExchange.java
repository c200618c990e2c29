package io.culvert.waypoint.http;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** A request to an app that is under way. Owned by its connection's loop. */
public interface ClientExchange {
    /** Sends a part of the body and takes ownership. */
    void write(ByteBuf data);

    /** Whether more should be written now; {@link BodyReceiver#onWritable} follows when it was false. */
    boolean isWritable();

    /** Ends the request. */
    void end(@Nullable Fields trailers);

    /** Gives it up: RST_STREAM, or a closed connection. No callback follows. */
    void reset(StreamError error);

    /** Returns credit for bytes of the response that have left or are dropped. */
    void consumed(int bytes);
}

package io.culvert.waypoint.http;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What comes after a head, on the exchange's loop. After onEnd or onReset only onWritable may follow. */
public interface BodyReceiver {
    /** A part of the body; passes ownership. Credit for it returns by {@code consumed}. */
    void onData(ByteBuf data);

    /** The message is complete. */
    void onEnd(@Nullable Fields trailers);

    /** It will never be complete, and nothing can be written any more. */
    void onReset(StreamError error, String detail);

    /** Writing is welcome again after {@code isWritable} was false. */
    void onWritable();
}

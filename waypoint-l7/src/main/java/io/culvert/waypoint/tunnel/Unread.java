package io.culvert.waypoint.tunnel;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** What came from a stream and nobody has asked for yet, within the stream's window. Owned by the stream's loop. */
final class Unread {
    /** Null most of the time: most streams are read as they come. */
    private @Nullable ArrayDeque<ByteBuf> queue;

    boolean isEmpty() {
        return queue == null;
    }

    void add(ByteBuf data) {
        ArrayDeque<ByteBuf> to = queue;
        if (to == null) {
            to = new ArrayDeque<>(4);
            queue = to;
        }
        to.add(data);
    }

    /**
     * The first buffer, which the caller owns.
     *
     * @throws IllegalStateException when there is none
     */
    ByteBuf remove() {
        ArrayDeque<ByteBuf> from = queue;
        ByteBuf first = from == null ? null : from.poll();
        if (from == null || first == null) {
            throw new IllegalStateException("nothing is held: ask isEmpty first");
        }
        if (from.isEmpty()) {
            queue = null;
        }
        return first;
    }

    /** Releases all; returns how many bytes that were. */
    int drop() {
        ArrayDeque<ByteBuf> from = queue;
        queue = null;
        int bytes = 0;
        if (from != null) {
            for (ByteBuf data : from) {
                bytes += data.readableBytes();
                data.release();
            }
        }
        return bytes;
    }
}

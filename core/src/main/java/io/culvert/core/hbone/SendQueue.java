package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Bytes in the order of their writing. One buffer is the common case and costs no container. Owned by: a loop. */
final class SendQueue {
    private @Nullable ByteBuf first;
    private @Nullable ArrayDeque<ByteBuf> more;
    private int bytes;

    int bytes() {
        return bytes;
    }

    /** Takes ownership. */
    void add(ByteBuf data) {
        bytes += data.readableBytes();
        if (first == null) {
            first = data;
        } else {
            if (more == null) {
                more = new ArrayDeque<>(4);
            }
            more.add(data);
        }
    }

    /** The first piece, at most {@code max} bytes of it, passing ownership. Not empty when the queue is not. */
    ByteBuf take(int max) {
        ByteBuf head = first;
        if (head == null) {
            throw new IllegalStateException("empty");
        }
        int readable = head.readableBytes();
        if (readable > max) {
            bytes -= max;
            return head.readRetainedSlice(max);
        }
        bytes -= readable;
        first = more == null ? null : more.poll();
        return head;
    }

    void releaseAll() {
        while (first != null) {
            first.release();
            first = more == null ? null : more.poll();
        }
        more = null;
        bytes = 0;
    }
}

package io.culvert.waypoint.router;

import io.culvert.waypoint.http.ClientExchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What of a request's body was sent already, kept within a bound for a retry or a mirror. Large parts share the buffers
 * that they came in; small ones are copied, since each might pin a whole read buffer. Owned by the request's loop.
 */
final class BodyCopy {
    private static final int SHARE_FROM = 4096;

    private final int limit;
    private final List<ByteBuf> parts = new ArrayList<>(4);
    private boolean open;
    private int size;

    BodyCopy(int limit) {
        this.limit = limit;
    }

    private BodyCopy(BodyCopy other) {
        limit = other.limit;
        size = other.size;
        other.parts.forEach(part -> parts.add(part.retainedDuplicate()));
    }

    /** The same, to be released by itself; nothing can be added to it. */
    BodyCopy share() {
        return new BodyCopy(this);
    }

    int size() {
        return size;
    }

    /** Keeps {@code data} too, which stays the caller's; false when it does not fit. */
    boolean add(ByteBuf data) {
        int length = data.readableBytes();
        if (length > limit - size) {
            return false;
        }
        size += length;
        if (length >= SHARE_FROM) {
            parts.add(data.retainedDuplicate());
            open = false;
            return true;
        }
        ByteBuf tail = open ? parts.getLast() : null;
        if (tail == null || tail.writableBytes() < length) {
            tail = Unpooled.buffer(Math.max(length, parts.isEmpty() ? 1024 : SHARE_FROM));
            parts.add(tail);
            open = true;
        }
        tail.writeBytes(data, data.readerIndex(), length);
        return true;
    }

    /** Writes all of it. Ends early when the exchange is no longer {@code wanted}. */
    void writeTo(ClientExchange exchange, BooleanSupplier wanted) {
        for (int i = 0; i < parts.size() && wanted.getAsBoolean(); i++) {
            exchange.write(parts.get(i).retainedDuplicate());
        }
    }

    void release() {
        parts.forEach(ByteBuf::release);
        parts.clear();
    }
}

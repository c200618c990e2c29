package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Received bytes that cannot be handed on yet: before a CONNECT is answered, or small pieces for a reader that is behind.
 * Small pieces are gathered: a window full of one-byte frames must not cost a buffer each, nor keep the reads alive that
 * they came in. Owned by: a loop.
 */
final class Inbox {
    /** Pieces below this are copied. */
    static final int SMALL = 2048;

    private static final int GATHER = 16384;

    private final ArrayDeque<ByteBuf> pieces = new ArrayDeque<>(4);
    private @Nullable ByteBuf gathering;
    private int bytes;

    int bytes() {
        return bytes;
    }

    boolean isEmpty() {
        return pieces.isEmpty();
    }

    /** Takes ownership. */
    void add(ByteBuf piece, ByteBufAllocator allocator) {
        int n = piece.readableBytes();
        bytes += n;
        if (n >= SMALL) {
            gathering = null;
            pieces.add(piece);
            return;
        }
        ByteBuf into = gathering;
        if (into == null || into.readableBytes() + n > GATHER) {
            into = allocator.directBuffer(SMALL, GATHER);
            gathering = into;
            pieces.add(into);
        }
        into.writeBytes(piece);
        piece.release();
    }

    /** The first piece, passing ownership, or null. */
    @Nullable
    ByteBuf poll() {
        ByteBuf piece = pieces.poll();
        if (piece != null) {
            bytes -= piece.readableBytes();
            if (pieces.isEmpty()) {
                // The one that gathers is always the last.
                gathering = null;
            }
        }
        return piece;
    }

    void releaseAll() {
        for (ByteBuf piece = poll(); piece != null; piece = poll()) {
            piece.release();
        }
    }
}

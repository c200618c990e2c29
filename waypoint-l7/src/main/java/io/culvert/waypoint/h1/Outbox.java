package io.culvert.waypoint.h1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * What leaves a connection: heads and small parts of bodies are gathered in one buffer, large parts go as they are, and
 * all that a turn of the loop produced is flushed once. Owned by the connection's loop.
 */
final class Outbox {
    private static final int GATHER = 4096;
    /** Up to here copying is cheaper than one more buffer on the way to the socket. */
    private static final int COPY = 2048;

    private final ChannelHandlerContext ctx;
    private final Runnable flushTask = this::runFlush;
    private @Nullable ByteBuf gather;
    private boolean dirty;
    private boolean scheduled;

    Outbox(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    boolean isWritable() {
        return ctx.channel().isWritable();
    }

    /** A buffer with room for so many bytes, which are sent before anything that follows. */
    ByteBuf room(int bytes) {
        ByteBuf buffer = gather;
        if (buffer != null && buffer.writableBytes() < bytes) {
            push();
            buffer = null;
        }
        if (buffer == null) {
            buffer = ctx.alloc().ioBuffer(Math.max(bytes, GATHER));
            gather = buffer;
        }
        schedule();
        return buffer;
    }

    /** Sends bytes and takes ownership. */
    void write(ByteBuf data) {
        int size = data.readableBytes();
        ByteBuf buffer = gather;
        if (size <= COPY && buffer != null && buffer.writableBytes() >= size) {
            buffer.writeBytes(data);
            data.release();
        } else {
            push();
            ctx.write(data, ctx.voidPromise());
        }
        schedule();
    }

    private void push() {
        ByteBuf buffer = gather;
        if (buffer != null) {
            gather = null;
            ctx.write(buffer, ctx.voidPromise());
        }
    }

    private void schedule() {
        dirty = true;
        if (!scheduled) {
            scheduled = true;
            ctx.executor().execute(flushTask);
        }
    }

    private void runFlush() {
        scheduled = false;
        flush();
    }

    void flush() {
        if (dirty) {
            dirty = false;
            push();
            ctx.flush();
        }
    }

    /** Sends what there is, then calls back, whether that worked or not. */
    void flushThen(Runnable action) {
        push();
        dirty = false;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((ChannelFutureListener) future -> action.run());
    }

    /** Drops what was not sent. */
    void discard() {
        ByteBuf buffer = gather;
        gather = null;
        dirty = false;
        if (buffer != null) {
            buffer.release();
        }
    }
}

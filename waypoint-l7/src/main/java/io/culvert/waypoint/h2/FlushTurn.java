package io.culvert.waypoint.h2;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.ArrayDeque;

/**
 * Flushes once for each read loop, or for each turn of the event loop, however many streams want it; then tells those that
 * may write again. Owned by the connection's loop.
 */
final class FlushTurn {
    private final Codec codec;
    private final ArrayDeque<StreamState> writableAgain = new ArrayDeque<>();
    private final Runnable task = this::runScheduled;
    private boolean reading;
    private boolean scheduled;
    private boolean flushing;
    private boolean again;

    FlushTurn(Codec codec) {
        this.codec = codec;
    }

    /** Whether a read loop is under way, whose end flushes. */
    void reading(boolean now) {
        reading = now;
    }

    void want() {
        if (!reading && !scheduled && !flushing && !codec.isGone()) {
            scheduled = true;
            codec.context().channel().eventLoop().execute(task);
        }
        again |= flushing;
    }

    private void runScheduled() {
        scheduled = false;
        if (!codec.isGone()) {
            codec.flush(codec.context());
        }
    }

    void tellWritable(StreamState state) {
        writableAgain.add(state);
    }

    void flush(ChannelHandlerContext ctx) {
        if (flushing) {
            again = true;
            return;
        }
        flushing = true;
        try {
            do {
                again = false;
                codec.encoder().flowController().writePendingBytes();
                codec.writer().send(ctx);
                ctx.flush();
            } while ((again || codec.writer().holdsFrames()) && !codec.isGone());
        } catch (Http2Exception e) {
            codec.onError(ctx, true, e);
        } finally {
            flushing = false;
        }
        codec.cutOffIfStuck(ctx);
        for (StreamState next = writableAgain.poll(); next != null; next = writableAgain.poll()) {
            next.onWritable();
        }
        if (!codec.isGone()) {
            codec.settled();
        }
    }
}

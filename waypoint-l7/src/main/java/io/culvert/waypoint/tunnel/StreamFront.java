package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.H2Error;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.ResetReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Takes a stream's first bytes until they say what protocol it is, then hands them and the stream to whoever speaks that.
 * What it holds stays within the stream's first window, for which no credit is given back. Owned by the stream's loop.
 */
final class StreamFront implements HboneStreamHandler {
    /** Is told what the stream speaks. */
    interface Decided {
        /** {@link FirstBytes.More} when the wait was over before enough had come; on the loop, once. */
        void onDecided(FirstBytes seen);

        /** The client went before. */
        void onGone();
    }

    private final Function<ByteBuf, FirstBytes> look;
    private final Decided decided;
    private @Nullable HboneStream stream;
    private ByteBuf held = Unpooled.EMPTY_BUFFER;
    private @Nullable HboneStreamHandler target;
    private @Nullable ScheduledFuture<?> wait;
    private boolean looking = true;
    private boolean finished;
    private boolean gone;

    StreamFront(Function<ByteBuf, FirstBytes> look, Decided decided) {
        this.look = look;
        this.decided = decided;
    }

    void opened(HboneStream to, Duration patience) {
        stream = to;
        wait = to.eventLoop().schedule(this::giveUp, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    HboneStream stream() {
        if (stream == null) {
            throw new IllegalStateException("the stream is not accepted yet");
        }
        return stream;
    }

    private void giveUp() {
        decide(new FirstBytes.More());
    }

    private void decide(FirstBytes seen) {
        if (looking) {
            looking = false;
            if (wait != null) {
                wait.cancel(false);
                wait = null;
            }
            decided.onDecided(seen);
        }
    }

    /** Everything from the first byte on goes to {@code to}. */
    void handTo(HboneStreamHandler to) {
        target = to;
        ByteBuf first = held;
        held = Unpooled.EMPTY_BUFFER;
        if (gone) {
            first.release();
            return;
        }
        if (first.isReadable()) {
            to.onData(first);
        } else {
            first.release();
        }
        if (finished && !gone) {
            to.onFinished();
        }
    }

    /** Nobody wants it. */
    void reset() {
        looking = false;
        if (wait != null) {
            wait.cancel(false);
        }
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        if (!gone) {
            gone = true;
            stream().reset(H2Error.CONNECT_ERROR);
        }
    }

    @Override
    public void onData(ByteBuf data) {
        HboneStreamHandler to = target;
        if (to != null) {
            to.onData(data);
            return;
        }
        if (gone) {
            data.release();
            return;
        }
        hold(data);
        if (looking) {
            FirstBytes seen = look.apply(held);
            if (!(seen instanceof FirstBytes.More)) {
                decide(seen);
            } else if (held.readableBytes() >= FirstBytes.LIMIT) {
                decide(new FirstBytes.Other());
            }
        }
    }

    private void hold(ByteBuf data) {
        if (!held.isReadable()) {
            held = data;
            return;
        }
        int all = held.readableBytes() + data.readableBytes();
        ByteBuf joined = ByteBufAllocator.DEFAULT.directBuffer(all);
        joined.writeBytes(held).writeBytes(data);
        held.release();
        data.release();
        held = joined;
    }

    @Override
    public void onFinished() {
        finished = true;
        HboneStreamHandler to = target;
        if (to != null) {
            to.onFinished();
        } else if (looking) {
            decide(held.isReadable() ? new FirstBytes.Other() : new FirstBytes.More());
        }
    }

    @Override
    public void onReset(ResetReason reason) {
        gone = true;
        HboneStreamHandler to = target;
        if (to != null) {
            to.onReset(reason);
            return;
        }
        looking = false;
        if (wait != null) {
            wait.cancel(false);
        }
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        decided.onGone();
    }

    @Override
    public void onWritable() {
        if (target != null) {
            target.onWritable();
        }
    }

    @Override
    public void onClosed() {
        gone = true;
        if (target != null) {
            target.onClosed();
        }
    }
}

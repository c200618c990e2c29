package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Decides which stream's bytes are written next: round robin, one frame each, as far as windows and the socket allow,
 * and one flush for all that a loop turn produced. Control frames go ahead of queued data, since the socket itself holds
 * little (TCP_NOTSENT_LOWAT, write watermarks).
 *
 * <p>What is written here becomes TLS records of its own ({@link io.netty.handler.ssl.SslHandler#setWrapDataSize}): heads,
 * control frames and small data are gathered in one buffer, larger data stays in that which it was read into.
 *
 * <p>Owned by: the tunnel's loop.
 */
final class SendScheduler {
    /** What one turn writes at most before other sockets of the loop get theirs. */
    private static final int TURN_BYTES = 512 << 10;

    private final ChannelHandlerContext ctx;
    /** Bytes that wait for the socket, what keeps account of them included. DATA stops at a quarter of it. */
    static final int MAX_PENDING = 1 << 20;

    /** What one TLS record holds (RFC 8446 section 5.1). */
    private static final int RECORD = 16 << 10;

    /** Up to here a copy costs less than a record. */
    private static final int COPIED = 8 << 10;

    private static final int FIRST_GATHERED = 256;

    /** A frame while other streams wait for their turn. */
    private static final int SHARED_FRAME = 64 << 10;

    private final Channel channel;
    private final int maxFrame;
    private final Runnable overflow;
    private final Runnable turn = this::turn;

    private int peerMaxFrame = Frames.DEFAULT_MAX_FRAME;
    private int connectionWindow = Frames.DEFAULT_WINDOW;
    private @Nullable H2Stream head;
    private @Nullable H2Stream tail;
    private @Nullable ByteBuf gathered;
    private boolean scheduled;
    private boolean inTurn;
    private boolean stopped;

    /**
     * @param maxFrame the longest DATA frame that we send even if the peer takes longer ones
     * @param overflow ends the tunnel, whose peer reads too little
     */
    SendScheduler(ChannelHandlerContext ctx, int maxFrame, Runnable overflow) {
        this.ctx = ctx;
        this.channel = ctx.channel();
        this.maxFrame = maxFrame;
        this.overflow = overflow;
    }

    void peerMaxFrame(int bytes) {
        peerMaxFrame = bytes;
    }

    int peerMaxFrame() {
        return peerMaxFrame;
    }

    /** WINDOW_UPDATE of the connection; false when the window would overflow (section 6.9.1). */
    boolean grow(int increment) {
        if (connectionWindow > Integer.MAX_VALUE - increment) {
            return false;
        }
        connectionWindow += increment;
        schedule();
        return true;
    }

    /**
     * Writes a frame that is not subject to flow control; it leaves with this turn's flush. A peer that lets more of them
     * pile up than {@link #MAX_PENDING} does not read what it makes us say, and loses the tunnel.
     */
    void control(ByteBuf frame) {
        ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
        if (!stopped && pending != null && pending.totalPendingWriteBytes() > MAX_PENDING) {
            stopped = true;
            overflow.run();
        }
        if (stopped) {
            frame.release();
            return;
        }
        gather(frame.readableBytes()).writeBytes(frame);
        frame.release();
        schedule();
    }

    /** This stream may have something to write. */
    void ready(H2Stream stream) {
        if (!stream.inRound && stream.isSendable()) {
            append(stream);
            schedule();
        }
    }

    /** The socket takes bytes again. */
    void onWritable() {
        if (head != null) {
            schedule();
        }
    }

    /** Flushes what was written and writes nothing more. */
    void stop() {
        stopped = true;
        head = null;
        tail = null;
        writeGathered();
        ctx.flush();
    }

    private void schedule() {
        // Within a turn its own end flushes, and looks whether there is more.
        if (!scheduled && !stopped && !inTurn) {
            scheduled = true;
            ctx.executor().execute(turn);
        }
    }

    private void turn() {
        scheduled = false;
        if (stopped) {
            return;
        }
        inTurn = true;
        try {
            writeRound();
            writeGathered();
            ctx.flush();
        } finally {
            inTurn = false;
        }
        if (head != null && connectionWindow > 0 && channel.isWritable()) {
            schedule();
        }
    }

    private void writeRound() {
        long room = channel.isWritable() ? Math.min(channel.bytesBeforeUnwritable(), TURN_BYTES) : 0;
        while (room > 0 && !stopped) {
            H2Stream stream = head;
            boolean blocked = connectionWindow <= 0;
            if (stream == null || (blocked && stream.queuedBytes() > 0 && stream.isSendable())) {
                return;
            }
            remove(stream);
            if (stream.isSendable()) {
                room -= writeFrame(stream);
                ready(stream);
            }
        }
    }

    private int writeFrame(H2Stream stream) {
        int most = head == null ? maxFrame : Math.min(maxFrame, SHARED_FRAME);
        int n = stream.nextLength(Math.min(connectionWindow, Math.min(peerMaxFrame, most)));
        boolean finish = stream.finishesAfter(n);
        Frames.head(gather(Frames.HEAD_LENGTH), n, Frames.DATA, finish ? Frames.END_STREAM : 0, stream.id());
        for (int left = n; left > 0; ) {
            ByteBuf piece = stream.queue().take(left);
            left -= piece.readableBytes();
            write(piece);
        }
        stream.sendWindow -= n;
        connectionWindow -= n;
        stream.written(finish);
        return n + Frames.HEAD_LENGTH;
    }

    private void write(ByteBuf piece) {
        if (piece.readableBytes() > COPIED) {
            writeGathered();
            ctx.write(piece, ctx.voidPromise());
        } else {
            gather(piece.readableBytes()).writeBytes(piece);
            piece.release();
        }
    }

    /** The buffer that gathers, with room for {@code bytes} more, which are fewer than a record's. */
    private ByteBuf gather(int bytes) {
        ByteBuf into = gathered;
        if (into != null && into.readableBytes() + bytes > RECORD) {
            writeGathered();
            into = null;
        }
        if (into == null) {
            into = ctx.alloc().directBuffer(Math.max(bytes, FIRST_GATHERED));
            gathered = into;
        }
        return into;
    }

    private void writeGathered() {
        ByteBuf all = gathered;
        if (all != null) {
            gathered = null;
            ctx.write(all, ctx.voidPromise());
        }
    }

    private void append(H2Stream stream) {
        stream.inRound = true;
        stream.next = null;
        if (tail == null) {
            head = stream;
        } else {
            tail.next = stream;
        }
        tail = stream;
    }

    private void remove(H2Stream first) {
        head = first.next;
        if (head == null) {
            tail = null;
        }
        first.next = null;
        first.inRound = false;
    }
}

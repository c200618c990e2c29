package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream of a tunnel (RFC 9113, section 5.1): its two directions, its queue and its windows. It exists ten thousand
 * times in an agent, mostly idle: what is not always needed is made when it is. Owned by: the tunnel's loop.
 */
final class H2Stream implements HboneStream {
    private static final Logger log = LoggerFactory.getLogger(HboneStream.class);

    /** With so many bytes outstanding, small pieces wait in the inbox until the reader catches up. */
    private static final int BEHIND = 64 << 10;

    private final TunnelCore core;
    private final int id;
    private final ReceiveWindow window;
    /** When the request was sent or received, in seconds of the tunnel's age: for the timeout of the answer. */
    final int since;

    // Null once answered; then the handler is there, until the stream is gone.
    private @Nullable Unanswered unanswered;
    private @Nullable HboneStreamHandler handler;

    private @Nullable SendQueue queue;
    private @Nullable Inbox inbox;
    int sendWindow;

    /** Next in the scheduler's round, while {@link #inRound}. */
    @Nullable
    H2Stream next;

    boolean inRound;

    // Open in both directions -> half closed either way -> gone (out of the table, by END_STREAM twice or by a reset).
    private boolean remoteFinished;
    private boolean finishQueued;
    private boolean finishSent;
    private boolean gone;

    private boolean unwritable;
    /** Bytes that the user has and did not yet report as consumed. */
    private int outstanding;

    private boolean holding;
    private boolean delivering;
    private boolean finishDelivered;

    H2Stream(TunnelCore core, int id, ReceiveWindow window, int sendWindow, int since) {
        this.core = core;
        this.id = id;
        this.window = window;
        this.sendWindow = sendWindow;
        this.since = since;
    }

    // --- the user's side ---

    @Override
    public EventLoop eventLoop() {
        return core.eventLoop();
    }

    @Override
    public Tunnel tunnel() {
        return core;
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public boolean isOpen() {
        return !gone;
    }

    @Override
    public void write(ByteBuf data) {
        assert eventLoop().inEventLoop();
        if (gone || finishQueued || !data.isReadable()) {
            data.release();
            return;
        }
        if (queue == null) {
            queue = new SendQueue();
        }
        queue.add(data);
        if (queue.bytes() >= core.flow().highWatermark()) {
            unwritable = true;
        }
        core.scheduler().ready(this);
    }

    @Override
    public boolean isWritable() {
        return !unwritable && !gone && !finishQueued;
    }

    @Override
    public int queuedBytes() {
        return queue == null ? 0 : queue.bytes();
    }

    @Override
    public void finish() {
        assert eventLoop().inEventLoop();
        if (!gone && !finishQueued) {
            finishQueued = true;
            core.scheduler().ready(this);
        }
    }

    @Override
    public void reset(H2Error code) {
        assert eventLoop().inEventLoop();
        if (gone) {
            // Closed in order, but with bytes that were not consumed and now never will be.
            abandon();
        } else {
            core.table.reset(this, code == H2Error.CANCEL ? H2Error.CONNECT_ERROR : code);
        }
    }

    @Override
    public void consumed(int bytes) {
        assert eventLoop().inEventLoop();
        int n = Math.min(bytes, outstanding);
        outstanding -= n;
        credit(n);
        if (inbox != null && unanswered == null && !delivering && !isBehind()) {
            deliverHeld();
        }
    }

    /** Grants the peer again what it has used of the window, when that is worth a frame. */
    void credit(int bytes) {
        int increment = window.consumed(bytes, core.roundTripNanos(), core.nanoTime());
        if (increment > 0 && !gone && !remoteFinished) {
            core.scheduler().control(Frames.windowUpdate(core.allocator(), id, increment));
        }
    }

    // --- the answer ---

    void await(Unanswered waiting) {
        unanswered = waiting;
    }

    boolean isAnswered() {
        return unanswered == null;
    }

    @Nullable
    Unanswered unanswered() {
        return unanswered;
    }

    /** The answer is there: data goes to {@code to} from now on, the held one with {@link #deliverHeld}. */
    void answered(@Nullable HboneStreamHandler to) {
        unanswered = null;
        handler = to;
    }

    /** Keeps what comes until {@link #release}: the call that hands the stream over has to return first. */
    void hold() {
        holding = true;
        if (inbox == null) {
            inbox = new Inbox();
        }
    }

    void release() {
        holding = false;
        deliverHeld();
    }

    // --- receiving ---

    /** Counts a DATA frame against the window; false when it is too much. */
    boolean charge(int bytes) {
        return window.received(bytes);
    }

    boolean isRemoteFinished() {
        return remoteFinished;
    }

    /** Takes ownership. */
    void receive(ByteBuf part) {
        int n = part.readableBytes();
        if (gone || n == 0) {
            part.release();
            return;
        }
        boolean small = n < Inbox.SMALL;
        if (unanswered != null || inbox != null || (small && isBehind())) {
            if (inbox == null) {
                inbox = new Inbox();
            }
            inbox.add(part, core.allocator());
        } else if (small && outstanding > 0 && part.capacity() > 2 * n) {
            // The reader is busy with earlier bytes: do not keep a whole read alive for these few.
            ByteBuf copy = core.allocator().directBuffer(n).writeBytes(part);
            part.release();
            deliver(copy);
        } else {
            deliver(part);
        }
    }

    /** END_STREAM came. */
    void remoteFinish() {
        if (gone || remoteFinished) {
            return;
        }
        remoteFinished = true;
        window.end();
        closeIfFinished();
        deliverFinish();
    }

    /** Hands on what was held before the answer, or while the reader was behind. */
    void deliverHeld() {
        if (delivering || holding || unanswered != null) {
            return;
        }
        delivering = true;
        try {
            while (inbox != null && handler != null && !isBehind()) {
                ByteBuf piece = inbox.poll();
                if (piece == null) {
                    inbox = null;
                } else {
                    deliver(piece);
                }
            }
        } finally {
            delivering = false;
        }
        if (remoteFinished) {
            deliverFinish();
        }
    }

    private void deliverAllHeld() {
        while (inbox != null && handler != null) {
            ByteBuf piece = inbox.poll();
            if (piece == null) {
                inbox = null;
            } else {
                deliver(piece);
            }
        }
    }

    private boolean isBehind() {
        return outstanding >= BEHIND;
    }

    private void deliver(ByteBuf part) {
        HboneStreamHandler to = handler;
        if (to == null) {
            part.release();
            return;
        }
        outstanding += part.readableBytes();
        try {
            to.onData(part);
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    private void deliverFinish() {
        HboneStreamHandler to = handler;
        if (unanswered != null || inbox != null || finishDelivered || to == null) {
            return;
        }
        finishDelivered = true;
        try {
            to.onFinished();
            if (finishSent && handler != null) {
                handler = null;
                to.onClosed();
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    /** A fault of one stream's handler must not take the tunnel's other streams with it. */
    private void broken(RuntimeException e) {
        log.error("stream {} from {} reset: its handler failed", id, core.remoteAddress(), e);
        HboneStreamHandler to = handler;
        core.table.reset(this, H2Error.INTERNAL_ERROR);
        if (to != null) {
            try {
                to.onReset(new ResetReason(
                        ResetReason.Kind.PROTOCOL_ERROR, H2Error.INTERNAL_ERROR, "internal error, see the log"));
            } catch (RuntimeException again) {
                log.error("stream {}: its handler failed at the reset too", id, again);
            }
        }
    }

    // --- sending, called by the scheduler ---

    /** Whether there is something to write now; the connection's window is the scheduler's matter. */
    boolean isSendable() {
        if (gone || finishSent) {
            return false;
        }
        return queuedBytes() > 0 ? sendWindow > 0 : finishQueued;
    }

    /** Bytes for one frame of at most {@code max}. */
    int nextLength(int max) {
        return Math.max(0, Math.min(Math.min(queuedBytes(), sendWindow), max));
    }

    boolean finishesAfter(int bytes) {
        return finishQueued && queuedBytes() == bytes;
    }

    SendQueue queue() {
        SendQueue q = queue;
        if (q == null) {
            throw new IllegalStateException("nothing queued");
        }
        return q;
    }

    /** A frame was written; may call back the user. */
    void written(boolean finished) {
        if (finished) {
            finishSent = true;
            closeIfFinished();
        } else if (unwritable && queuedBytes() <= core.flow().lowWatermark()) {
            unwritable = false;
            HboneStreamHandler to = handler;
            if (to != null && !finishQueued) {
                try {
                    to.onWritable();
                } catch (RuntimeException e) {
                    broken(e);
                }
            }
        }
    }

    // --- ending ---

    private void closeIfFinished() {
        if (gone || !remoteFinished || !finishSent) {
            return;
        }
        gone = true;
        core.table.forget(this);
        HboneStreamHandler to = handler;
        if (finishDelivered && to != null) {
            handler = null;
            try {
                to.onClosed();
            } catch (RuntimeException e) {
                log.error("stream {}: its handler failed at the close", id, e);
            }
        }
    }

    /** The stream is over at once; nothing is called back. False when it was before. */
    boolean drop() {
        if (gone) {
            return false;
        }
        gone = true;
        unanswered = null;
        abandon();
        core.table.forget(this);
        return true;
    }

    private void abandon() {
        handler = null;
        if (queue != null) {
            queue.releaseAll();
        }
        if (inbox != null) {
            inbox.releaseAll();
            inbox = null;
        }
        window.close();
    }

    /** The stream is over by the peer's or the tunnel's doing: its user is told. */
    void lost(ResetReason reason) {
        if (reason.clean()) {
            // Nothing that came before the clean end may be lost, however far behind the reader is.
            deliverAllHeld();
        }
        Unanswered waiting = unanswered;
        HboneStreamHandler to = handler;
        boolean toldEnd = finishDelivered;
        if (!drop()) {
            return;
        }
        try {
            if (waiting != null) {
                waiting.onGone(reason);
            } else if (to != null) {
                if (reason.clean() && !toldEnd) {
                    to.onFinished();
                }
                to.onReset(reason);
            }
        } catch (RuntimeException e) {
            log.error("stream {}: its handler failed at the reset", id, e);
        }
    }
}

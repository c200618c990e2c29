package io.culvert.waypoint.h2;

import java.util.concurrent.atomic.LongAdder;

/** Bytes of bodies that all HTTP/2 connections of one side hold together, for gauges. Any thread. */
public final class HeldBytes {
    private final LongAdder unread = new LongAdder();
    private final LongAdder queued = new LongAdder();
    private final Runnable onExhausted;

    /** @param onExhausted told each time that a connection's window is used up by what nobody has read; on its loop */
    public HeldBytes(Runnable onExhausted) {
        this.onExhausted = onExhausted;
    }

    /** Counts for nobody. */
    static HeldBytes unwatched() {
        return new HeldBytes(() -> {});
    }

    /** What came from peers and has not left or been dropped. */
    public long unread() {
        return unread.sum();
    }

    /** What waits for the windows of peers. */
    public long queued() {
        return queued.sum();
    }

    void unread(int change) {
        unread.add(change);
    }

    void queued(int change) {
        queued.add(change);
    }

    void exhausted() {
        onExhausted.run();
    }
}

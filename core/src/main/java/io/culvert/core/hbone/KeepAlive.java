package io.culvert.core.hbone;

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * PINGs of one tunnel (RFC 9113, section 6.7): whether the peer is still there, how far away it is, and when everything
 * sent before a point has reached it. Owned by: the tunnel's loop.
 */
final class KeepAlive {
    /** What a tick found out. */
    enum Verdict {
        FINE,
        SEND,
        DEAD
    }

    private final LongSupplier nanoTime;
    private final long timeoutNanos;

    private long data;
    private long sentAt;
    private boolean outstanding;
    private long roundTripNanos;

    KeepAlive(LongSupplier nanoTime, long timeoutNanos) {
        this.nanoTime = nanoTime;
        this.timeoutNanos = timeoutNanos;
    }

    /** What to do now; after SEND the caller sends {@link #next}. */
    Verdict tick() {
        if (!outstanding) {
            return Verdict.SEND;
        }
        return nanoTime.getAsLong() - sentAt >= timeoutNanos ? Verdict.DEAD : Verdict.FINE;
    }

    /** The payload of a PING that is sent now: one that a peer cannot answer without having read it. */
    long next() {
        outstanding = true;
        sentAt = nanoTime.getAsLong();
        data = ThreadLocalRandom.current().nextLong();
        return data;
    }

    /** True when the acknowledgement is of the last PING. */
    boolean acknowledged(long payload) {
        if (!outstanding || payload != data) {
            return false;
        }
        outstanding = false;
        measured(nanoTime.getAsLong() - sentAt);
        return true;
    }

    /** For how long the last PING has had no answer; 0 when it has one. */
    long unansweredNanos() {
        return outstanding ? nanoTime.getAsLong() - sentAt : 0;
    }

    /** Another request and its answer took this long. */
    void measured(long nanos) {
        roundTripNanos = roundTripNanos == 0 ? nanos : Math.min(nanos, (roundTripNanos * 7 + nanos) / 8);
    }

    /** An estimate that leans to the low side, 0 when there is none. */
    long roundTripNanos() {
        return roundTripNanos;
    }
}

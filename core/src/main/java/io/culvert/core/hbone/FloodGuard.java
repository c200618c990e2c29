package io.culvert.core.hbone;

import java.util.function.LongSupplier;

/**
 * Counts what a peer may make us do for nothing: each kind of frame has an allowance that refills with time, and an
 * empty one means ENHANCE_YOUR_CALM. The classes are those of security advisories on HTTP/2: rapid reset and its
 * variant where the peer provokes our resets, PING, SETTINGS, empty DATA, frames on closed streams.
 *
 * <p>Owned by: the connection's loop. The clock is read only when an allowance is used up.
 */
@SuppressWarnings("EnumOrdinal") // indexes two arrays, and never leaves this class
final class FloodGuard {
    /** What is counted, with the burst that is allowed and how many a second go on. */
    enum Kind {
        PING(60, 10),
        SETTINGS(20, 2),
        // Two make a graceful end (section 6.8).
        GOAWAY(10, 1),
        EMPTY_DATA(200, 20),
        // Before our answer: the peer makes us dial and gives up. Apps that connect and abort do that too, but slower.
        EARLY_RESET(200, 100),
        LATE_RESET(4000, 2000),
        // Streams that we reset because of what the peer sent on them.
        PROVOKED_RESET(100, 20),
        REFUSED(400, 200),
        // A reset stream's data may still be on its way.
        CLOSED_STREAM(8192, 4096),
        IGNORED(1000, 100),
        WINDOW_UPDATE(50_000, 50_000);

        private static final Kind[] ALL = values();

        private final int burst;
        private final int perSecond;

        Kind(int burst, int perSecond) {
            this.burst = burst;
            this.perSecond = perSecond;
        }
    }

    private static final long SECOND = 1_000_000_000L;

    private final LongSupplier nanoTime;
    private final int[] left = new int[Kind.ALL.length];
    private final long[] refilled = new long[Kind.ALL.length];

    FloodGuard(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        long now = nanoTime.getAsLong();
        for (Kind kind : Kind.ALL) {
            left[kind.ordinal()] = kind.burst;
            refilled[kind.ordinal()] = now;
        }
    }

    /** Counts one; false when that was one too many. */
    boolean allow(Kind kind) {
        int i = kind.ordinal();
        if (left[i] > 0) {
            left[i]--;
            return true;
        }
        long now = nanoTime.getAsLong();
        double seconds = (double) (now - refilled[i]) / SECOND;
        int more = (int) Math.min(kind.burst, seconds * kind.perSecond);
        if (more < 1) {
            return false;
        }
        refilled[i] = now;
        left[i] = more - 1;
        return true;
    }
}

package io.culvert.waypoint.h2;

import java.util.function.LongSupplier;

/**
 * Counts what a peer may make us do for nothing: each kind has an allowance that refills with time. Some scale with the
 * streams that are open now, never with those that were once: that would let a peer save up. Owned by the connection's
 * loop; the clock is read only when an allowance is used up.
 */
@SuppressWarnings("EnumOrdinal") // indexes two arrays, and never leaves this class
final class FloodGuard {
    /** What is counted, with the burst that is allowed and how many a second go on. */
    enum Kind {
        // Estimating the bandwidth, gRPC sends one with each burst of data.
        PING(1000, 500, false),
        SETTINGS(100, 10, false),
        // Two make a graceful end (RFC 9113, section 6.8).
        GOAWAY(10, 1, false),
        PRIORITY(100, 100, true),
        WINDOW_UPDATE(1000, 1000, true),
        // Before the answer: the peer makes us work and gives up (CVE-2023-44487). Time-outs do that too, but slower.
        EARLY_RESET(200, 100, false),
        LATE_RESET(4000, 2000, false),
        // Streams that we reset because of what the peer sent on them (CVE-2025-55163).
        PROVOKED_RESET(100, 20, false),
        REFUSED(400, 200, false),
        // The data of a stream that we reset may still be on its way.
        CLOSED_STREAM(8192, 4096, false),
        IGNORED(1000, 500, false);

        private static final Kind[] ALL = values();

        private final int burst;
        private final int perSecond;
        private final boolean scales;

        Kind(int burst, int perSecond, boolean scales) {
            this.burst = burst;
            this.perSecond = perSecond;
            this.scales = scales;
        }
    }

    /** Envoy's {@code max_inbound_window_update_frames_per_data_frame_sent}. */
    private static final int UPDATES_FOR_DATA = 10;

    private static final int MAX_EARNED = 1_000_000;
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

    /** A DATA frame is sent: it is worth some WINDOW_UPDATEs and a PING. */
    void sentData() {
        earn(Kind.WINDOW_UPDATE, UPDATES_FOR_DATA);
        earn(Kind.PING, 1);
    }

    private void earn(Kind kind, int more) {
        int i = kind.ordinal();
        left[i] = Math.min(MAX_EARNED, left[i] + more);
    }

    /**
     * Counts one; false when that was one too many.
     *
     * @param active streams that are open
     */
    boolean allow(Kind kind, int active) {
        int i = kind.ordinal();
        if (left[i] > 0) {
            left[i]--;
            return true;
        }
        long now = nanoTime.getAsLong();
        long scale = kind.scales ? 1L + active : 1;
        double seconds = (double) (now - refilled[i]) / SECOND;
        int more = (int) Math.min((double) (kind.burst * scale), seconds * kind.perSecond * scale);
        if (more < 1) {
            return false;
        }
        refilled[i] = now;
        left[i] = more - 1;
        return true;
    }
}

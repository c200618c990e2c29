package io.culvert.waypoint.h2;

/** Stream numbers that the peer left out: they can never be used, as opposed to those of streams that are over. */
final class SkippedStreams {
    private static final int SIZE = 64;

    private final int[] from = new int[SIZE];
    private final int[] to = new int[SIZE];
    private int next;

    /** A stream is new; {@code last} was the one before it, below 1 for none. */
    void opened(int last, int id) {
        if (id - Math.max(last, -1) > 2) {
            from[next % SIZE] = Math.max(last, 0) + 1;
            to[next % SIZE] = id - 1;
            next++;
        }
    }

    boolean contains(int id) {
        for (int i = 0; i < SIZE; i++) {
            if (id >= from[i] && id <= to[i]) {
                return true;
            }
        }
        return false;
    }
}

package io.culvert.waypoint.h2;

import java.util.Arrays;

/** The streams that we reset last: what the peer sent on them before it heard of that is no fault of it. */
final class RecentResets {
    private static final int SIZE = 512;

    private final int[] ids = new int[SIZE];
    private int next;

    void add(int id) {
        if (!contains(id)) {
            ids[next++ % SIZE] = id;
        }
    }

    boolean contains(int id) {
        return Arrays.stream(ids).anyMatch(other -> other == id);
    }
}

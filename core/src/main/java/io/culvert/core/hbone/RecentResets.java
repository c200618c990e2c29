package io.culvert.core.hbone;

import org.jspecify.annotations.Nullable;

/**
 * The last streams that this side reset: their frames may still be on their way and are no fault of the peer's
 * (RFC 9113, section 5.4.2). Older ones are told STREAM_CLOSED. Owned by: a loop.
 */
final class RecentResets {
    private static final int SIZE = 128;

    private int @Nullable [] ids;
    private int at;

    void add(int stream) {
        if (ids == null) {
            ids = new int[SIZE];
        }
        ids[at++ % SIZE] = stream;
    }

    boolean contains(int stream) {
        if (ids != null) {
            for (int id : ids) {
                if (id == stream) {
                    return true;
                }
            }
        }
        return false;
    }
}

package io.culvert.waypoint.h2;

/** Whether a PING of ours waits for its answer. Owned by the connection's loop. */
final class PendingPing {
    private boolean expected;

    boolean expected() {
        return expected;
    }

    void expect(boolean value) {
        expected = value;
    }
}

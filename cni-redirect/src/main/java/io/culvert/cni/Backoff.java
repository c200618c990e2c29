package io.culvert.cni;

import java.time.Duration;
import java.time.Instant;

/** Pauses between attempts that fail: half a second, doubling up to 30 s. Owned by: the pod's step. */
final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(500);
    private static final Duration LAST = Duration.ofSeconds(30);

    private Duration next = FIRST;
    private Instant over = Instant.MIN;

    /** An attempt failed at {@code now}. Returns how long to wait. */
    Duration failed(Instant now) {
        Duration pause = next;
        over = now.plus(pause);
        Duration doubled = pause.multipliedBy(2);
        next = doubled.compareTo(LAST) > 0 ? LAST : doubled;
        return pause;
    }

    boolean isOver(Instant now) {
        return !now.isBefore(over);
    }

    void reset() {
        next = FIRST;
    }
}

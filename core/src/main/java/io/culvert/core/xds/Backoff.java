package io.culvert.core.xds;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Growing waits between attempts: doubled each time, between half and the whole of it by chance. Owned by: one thread. */
final class Backoff {
    private final Duration first;
    private final Duration max;
    private final RandomGenerator random;
    private Duration next;

    Backoff(Duration first, Duration max, RandomGenerator random) {
        this.first = first;
        this.max = max;
        this.random = random;
        next = first;
    }

    /** How long to wait now; the next wait is twice as long, up to the maximum. */
    Duration next() {
        long nanos = next.toNanos();
        Duration doubled = next.multipliedBy(2);
        next = doubled.compareTo(max) < 0 ? doubled : max;
        return Duration.ofNanos(nanos / 2 + random.nextLong(nanos / 2 + 1));
    }

    /** The attempt was good. */
    void reset() {
        next = first;
    }
}

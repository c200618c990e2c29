package io.culvert.waypoint.router;

import java.util.concurrent.ThreadLocalRandom;

/** Where the router's random choices come from. Any thread. */
@FunctionalInterface
public interface Chance {
    /** Of the calling thread's generator. */
    Chance RANDOM = bound -> ThreadLocalRandom.current().nextLong(bound);

    /** A number from 0 to {@code bound} - 1, each as likely; {@code bound} is positive. */
    long below(long bound);

    /** True in {@code millionths} of a million cases. */
    default boolean happens(int millionths) {
        return millionths > 0 && (millionths >= 1_000_000 || below(1_000_000) < millionths);
    }
}

package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Times that a measurement needs, and conditions that it cannot begin without. */
final class Waits {
    private static final Duration LOOK = Duration.ofMillis(20);

    private Waits() {}

    /** Lets {@code seconds} go by: part of what is measured, not a wait for something. */
    static void pass(double seconds) {
        try {
            Thread.sleep(Math.max(0, Math.round(seconds * 1000)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted in a measurement", e);
        }
    }

    /** Returns when {@code condition} holds, or fails after {@code patience}. */
    static void until(String what, Duration patience, BooleanSupplier condition) {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new LabException("after " + patience.toSeconds() + " s still not: " + what);
            }
            pass(LOOK.toMillis() / 1000.0);
        }
    }
}

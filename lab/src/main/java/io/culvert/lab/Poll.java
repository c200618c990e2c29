package io.culvert.lab;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waits for what other processes do and tell nobody: asks again until it is so. Any thread. */
public final class Poll {
    private static final long PAUSE_NANOS = 50_000_000;

    private Poll() {}

    /** Asks until the answer is not null; {@code what} completes the sentence "after 5000 ms ...". */
    public static <T> T until(Duration timeout, String what, Supplier<@Nullable T> question) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            T answer = question.get();
            if (answer != null) {
                return answer;
            }
            if (System.nanoTime() > deadline) {
                throw new LabException("after " + timeout.toMillis() + " ms " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** Asks until the answer is yes; returns how long that took. */
    public static Duration untilTrue(Duration timeout, String what, Supplier<Boolean> question) {
        long start = System.nanoTime();
        until(timeout, what, () -> question.get() ? Boolean.TRUE : null);
        return Duration.ofNanos(System.nanoTime() - start);
    }
}

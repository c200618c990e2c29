package io.culvert.core.hbone;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * How much of a processor the calling thread has used of late, in percent; measured anew at most five times a second.
 * Owned by: the thread that asks.
 */
final class ThreadLoad implements IntSupplier {
    private static final long INTERVAL_NANOS = 200_000_000;

    private final LongSupplier nanoTime;
    private final LongSupplier cpuNanos;
    private long measuredAt;
    private long usedThen;
    private int percent;

    /**
     * @param nanoTime monotonic time
     * @param cpuNanos what the calling thread has used since it began
     */
    ThreadLoad(LongSupplier nanoTime, LongSupplier cpuNanos) {
        this.nanoTime = nanoTime;
        this.cpuNanos = cpuNanos;
        this.measuredAt = nanoTime.getAsLong();
    }

    @Override
    public int getAsInt() {
        long now = nanoTime.getAsLong();
        long passed = now - measuredAt;
        if (passed >= INTERVAL_NANOS) {
            long used = cpuNanos.getAsLong();
            percent = (int) Math.min(100, (used - usedThen) * 100 / passed);
            measuredAt = now;
            usedThen = used;
        }
        return percent;
    }
}

package io.culvert.core.telemetry;

import java.util.concurrent.atomic.LongAdder;

/** A count that only grows. Any thread; an increment is one uncontended add. */
public final class Counter {
    private final LongAdder value = new LongAdder();

    Counter() {}

    public void inc() {
        value.increment();
    }

    /** Adds {@code amount}, which is not negative. */
    public void add(long amount) {
        value.add(amount);
    }

    public long get() {
        return value.sum();
    }
}

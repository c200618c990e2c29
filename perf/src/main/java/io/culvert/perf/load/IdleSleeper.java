package io.culvert.perf.load;

import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * A thread that sleeps 1 ms at a time and records by how much it woke late: what the machine does to a thread that asks
 * for nothing. Latencies above it are the system's under test, latencies below it are the machine's.
 */
public final class IdleSleeper implements AutoCloseable {
    private static final long PERIOD_NANOS = 1_000_000;

    private final Histogram lateness = new Histogram(60_000_000_000L, 3);
    private final Thread thread = new Thread(this::run, "idle-sleeper");
    private volatile boolean stopped;

    /** Starts the thread. */
    public IdleSleeper() {
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        while (!stopped) {
            long due = System.nanoTime() + PERIOD_NANOS;
            long now = System.nanoTime();
            while (now < due && !stopped) {
                LockSupport.parkNanos(due - now);
                now = System.nanoTime();
            }
            lateness.recordValue(Math.max(0, now - due));
        }
    }

    /** Stops the thread and returns what it saw, in nanoseconds. */
    public Histogram stop() throws InterruptedException {
        stopped = true;
        thread.join();
        return lateness;
    }

    @Override
    public void close() {
        stopped = true;
    }
}

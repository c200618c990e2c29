package io.culvert.cni;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * One timer thread and a few workers. Platform threads, since they wait for child processes. The queue is bounded by
 * the pods of a node: each is queued once at a time.
 */
final class ThreadScheduler implements CaptureScheduler, AutoCloseable {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("capture-timer").factory());
    private final ExecutorService workers;

    ThreadScheduler(int threads) {
        workers = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("capture-", 1).factory());
    }

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public void execute(Runnable task) {
        try {
            workers.execute(task);
        } catch (RejectedExecutionException e) {
            // Closed: nothing is to be done any more.
        }
    }

    @Override
    public void after(Duration delay, Runnable task) {
        try {
            var _ = timer.schedule(() -> execute(task), delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // Closed: nothing is to be done any more.
        }
    }

    /** Ends the threads after what runs now; what waits is dropped. */
    @Override
    public void close() {
        timer.shutdownNow();
        workers.shutdownNow();
    }
}

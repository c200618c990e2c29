package io.culvert.controlplane;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs an action on a virtual thread of its own after it was asked for, with a pause between two runs; requests meanwhile
 * become one. Any thread.
 */
final class Repeater implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Repeater.class);

    private final String name;
    private final Duration pause;
    private final Action action;
    private final Semaphore asked = new Semaphore(0);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private String lastFailure = "";

    /** What is done. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    Repeater(String name, Duration pause, Action action) {
        this.name = name;
        this.pause = pause;
        this.action = action;
        thread = Thread.ofVirtual().name(name).start(this::run);
    }

    void ask() {
        asked.release();
    }

    private void run() {
        try {
            while (closing.getCount() > 0) {
                asked.acquire();
                asked.drainPermits();
                act();
                if (closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                    break;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        act();
    }

    private void act() {
        try {
            action.run();
            lastFailure = "";
        } catch (Exception e) {
            // The next run may be better; the same failure is told once.
            if (!e.toString().equals(lastFailure)) {
                LOG.warn("{} failed: {}", name, e.toString());
            }
            lastFailure = e.toString();
        }
    }

    /** Runs a last time and ends; waits for that. */
    @Override
    public void close() {
        closing.countDown();
        asked.release();
        try {
            thread.join(Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

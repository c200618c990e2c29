package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Does a disturbance's steps at their pace until it is stopped, on a thread of its own. Any one thread stops it. */
final class Steps implements AutoCloseable {
    private final QuietAndNot.Disturbance disturbance;
    private final Thread thread;
    private volatile boolean stopped;
    private volatile long done;
    private volatile @Nullable Exception failure;

    Steps(QuietAndNot.Disturbance disturbance) {
        this.disturbance = disturbance;
        this.thread = Thread.ofPlatform().name("disturbance").start(this::run);
    }

    private void run() {
        long every = Math.round(disturbance.every() * 1e9);
        long next = System.nanoTime();
        long count = 0;
        while (!stopped) {
            try {
                disturbance.step();
            } catch (IOException | RuntimeException e) {
                failure = e;
                return;
            }
            done = ++count;
            // A step that took too long is not made up for: the pace is a bound.
            next = Math.max(next + every, System.nanoTime());
            while (!stopped && next - System.nanoTime() > 0) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
    }

    /** Returns how many steps there were, once the last has ended; fails when one did. */
    long stop() {
        close();
        if (failure != null) {
            throw new LabException("what goes on beside the load failed", Objects.requireNonNull(failure));
        }
        return done;
    }

    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(30));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package io.culvert.core.xds;

import io.culvert.core.mesh.HashTrie;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the latest state to disk on a thread of its own, with a pause between two writes; states between are skipped.
 * The offering thread never waits. Any thread.
 */
final class StateWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StateWriter.class);

    /** The pause is at least so many times the last write: a large mesh that changes all the time costs little. */
    private static final int IDLE_TIMES = 20;

    private final StateFile file;
    private final Duration pause;
    private final AtomicReference<@Nullable Map<ResourceType, HashTrie<String, StoredResource>>> latest =
            new AtomicReference<>();
    private final Semaphore offered = new Semaphore(0);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private boolean failing;

    StateWriter(StateFile file, Duration pause) {
        this.file = file;
        this.pause = pause;
        thread = Thread.ofVirtual().name("state-writer").start(this::run);
    }

    void offer(Map<ResourceType, HashTrie<String, StoredResource>> state) {
        latest.set(state);
        offered.release();
    }

    private void run() {
        try {
            while (closing.getCount() > 0) {
                offered.acquire();
                offered.drainPermits();
                long begin = System.nanoTime();
                write();
                long took = System.nanoTime() - begin;
                if (closing.await(Math.max(pause.toNanos(), IDLE_TIMES * took), TimeUnit.NANOSECONDS)) {
                    break;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        write();
    }

    private void write() {
        Map<ResourceType, HashTrie<String, StoredResource>> state = latest.getAndSet(null);
        if (state == null) {
            return;
        }
        try {
            file.write(state);
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                LOG.warn(
                        "last good mesh state cannot be written to {}: {}; a restart without the control plane would"
                                + " begin without state; check space and rights of the directory",
                        file.path(),
                        e.toString());
            }
            failing = true;
        }
    }

    /** Writes what is left and ends; waits for that. */
    @Override
    public void close() {
        closing.countDown();
        offered.release();
        try {
            thread.join(Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

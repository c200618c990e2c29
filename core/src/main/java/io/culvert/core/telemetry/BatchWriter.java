package io.culvert.core.telemetry;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;

/**
 * A bounded queue in front of one daemon thread that renders and writes in batches. Offering never blocks and seldom
 * makes a system call: a full queue drops and counts, and a writer that was woken lingers a little to gather more. Any
 * thread.
 */
final class BatchWriter<E> {
    /** What is done with the elements; called on the writer's thread only. */
    interface Sink<E> {
        /** Renders into a buffer of its own. */
        void append(E element);

        /** Writes out what was appended. */
        void flush() throws IOException;
    }

    private static final int BATCH = 256;
    private static final long LINGER_NANOS = 20_000_000;

    private final MpscVarHandleArrayQueue<E> queue;
    private final Sink<E> sink;
    private final Thread thread;
    private final LongAdder dropped = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile boolean parked;
    private volatile boolean closing;
    private volatile long written;

    BatchWriter(String name, int capacity, Sink<E> sink) {
        this.queue = new MpscVarHandleArrayQueue<>(capacity);
        this.sink = sink;
        this.thread =
                Thread.ofPlatform().daemon().name(name).stackSize(128 * 1024).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Queues {@code element}; false when it was dropped (and counted). */
    boolean offer(E element) {
        if (closing || !queue.offer(element)) {
            dropped.increment();
            return false;
        }
        if (parked) {
            parked = false;
            LockSupport.unpark(thread);
        }
        return true;
    }

    /** Elements taken from the queue and rendered, written or not. */
    long written() {
        return written;
    }

    /** Elements lost to a full queue or after the close. */
    long dropped() {
        return dropped.sum();
    }

    /** Elements lost to failed writes. */
    long failed() {
        return failed.sum();
    }

    /** Waits until what is queued now is written, at most {@code limit}; whether it is. */
    boolean flush(Duration limit) {
        long target = queue.currentProducerIndex();
        long end = System.nanoTime() + limit.toNanos();
        while (written < target && thread.isAlive()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            LockSupport.unpark(thread);
            LockSupport.parkNanos(1_000_000);
        }
        return written >= target;
    }

    /** Writes what is queued, for at most {@code limit}, and ends the thread. Idempotent. */
    void close(Duration limit) {
        closing = true;
        LockSupport.unpark(thread);
        try {
            thread.join(limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (true) {
            boolean last = closing;
            if (writeAll() == 0) {
                if (last) {
                    return;
                }
                park();
            }
        }
    }

    private int writeAll() {
        int total = 0;
        int n;
        do {
            n = 0;
            E element;
            while (n < BATCH && (element = queue.relaxedPoll()) != null) {
                append(element);
                n++;
            }
            if (n > 0) {
                write(n);
            }
            total += n;
        } while (n == BATCH);
        return total;
    }

    private void append(E element) {
        try {
            sink.append(element);
        } catch (RuntimeException e) {
            // One element that cannot be rendered must not end the log.
            failed.increment();
        }
    }

    private void write(int n) {
        try {
            sink.flush();
        } catch (IOException | RuntimeException e) {
            failed.add(n);
        }
        written = queue.currentConsumerIndex();
    }

    private void park() {
        parked = true;
        if (queue.isEmpty() && !closing) {
            LockSupport.park(this);
        }
        parked = false;
        if (!closing) {
            LockSupport.parkNanos(this, LINGER_NANOS);
        }
    }
}

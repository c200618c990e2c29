package io.culvert.core.telemetry;

import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The open records of one event loop, swept every few seconds on that loop while there are any. Owned by its loop.
 */
final class LoopRecords implements Runnable {
    private final EventExecutor loop;
    private final MeshTelemetry telemetry;
    private final long periodNanos;
    private @Nullable ConnectionRecord head;
    private boolean scheduled;

    LoopRecords(EventExecutor loop, MeshTelemetry telemetry, long periodNanos) {
        this.loop = loop;
        this.telemetry = telemetry;
        this.periodNanos = periodNanos;
    }

    void add(ConnectionRecord record) {
        ConnectionRecord first = head;
        record.next = first;
        if (first != null) {
            first.previous = record;
        }
        head = record;
        if (!scheduled) {
            scheduled = true;
            schedule();
        }
    }

    void remove(ConnectionRecord record) {
        ConnectionRecord previous = record.previous;
        ConnectionRecord next = record.next;
        if (previous != null) {
            previous.next = next;
        } else if (head == record) {
            head = next;
        }
        if (next != null) {
            next.previous = previous;
        }
        record.previous = null;
        record.next = null;
    }

    /** The sweep. An idle loop is not woken: it ends with the last record. */
    @Override
    public void run() {
        long now = telemetry.nanoTime();
        for (ConnectionRecord record = head; record != null; record = record.next) {
            record.flush(now);
        }
        if (head == null) {
            scheduled = false;
        } else {
            schedule();
        }
    }

    private void schedule() {
        if (!loop.isShuttingDown()) {
            var _ = loop.schedule(this, periodNanos, TimeUnit.NANOSECONDS);
        }
    }
}

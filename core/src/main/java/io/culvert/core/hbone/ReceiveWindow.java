package io.culvert.core.hbone;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one stream's peer may still send us, and who pays for it (RFC 9113, section 5.2). The window that is granted in
 * total is charged to the budget; at any time it is made of what the peer may still send, what was received and not
 * yet consumed, and what was consumed and not yet granted again. It doubles while a whole window drains quickly and
 * the budget allows, and halves when one takes long, so that a burst does not hold its budget for ever.
 *
 * <p>Owned by: the tunnel's loop.
 */
final class ReceiveWindow {
    /** A window that drains within this, and a few round trips, is too small for its reader. */
    private static final long QUICK_NANOS = 5_000_000;

    /** A window that takes longer than this to drain is larger than its reader needs. */
    private static final long SLOW_NANOS = 1_000_000_000;

    private static final int QUICK_ROUND_TRIPS = 4;

    private final WindowBudget budget;
    private final HboneStats stats;
    private final HboneSettings.Flow flow;

    private int available;
    private int size;
    private int unconsumed;
    private int credit;
    private boolean ended;

    private int epochBytes;
    private long epochStart;

    private ReceiveWindow(WindowBudget budget, HboneStats stats, HboneSettings.Flow flow, int size) {
        this.budget = budget;
        this.stats = stats;
        this.flow = flow;
        this.size = size;
        this.available = size;
        stats.windowBytes.add(size);
    }

    /** A window of {@code initial} bytes, or null when the budget has not that much left. */
    static @Nullable ReceiveWindow open(WindowBudget budget, HboneStats stats, HboneSettings.Flow flow, int initial) {
        int granted = budget.reserve(initial);
        if (granted < initial) {
            if (granted > 0) {
                budget.release(granted);
            }
            stats.windowRefusals.increment();
            return null;
        }
        return new ReceiveWindow(budget, stats, flow, initial);
    }

    /** Counts a received DATA frame; false when the peer had no credit for it. */
    boolean received(int bytes) {
        if (bytes > available) {
            return false;
        }
        available -= bytes;
        unconsumed += bytes;
        return true;
    }

    int unconsumed() {
        return unconsumed;
    }

    int size() {
        return size;
    }

    /**
     * Takes {@code bytes} as consumed and returns what to grant the peer by WINDOW_UPDATE now, often 0: half a window is
     * worth a frame.
     *
     * @param roundTripNanos the tunnel's, 0 when not known
     * @param nanoTime read once per window
     */
    int consumed(int bytes, long roundTripNanos, LongSupplier nanoTime) {
        int n = Math.min(bytes, unconsumed);
        unconsumed -= n;
        if (ended) {
            give(n);
            return 0;
        }
        credit += n;
        if (epochBytes == 0) {
            epochStart = nanoTime.getAsLong();
        }
        epochBytes += n;
        if (epochBytes >= size) {
            resize(roundTripNanos, nanoTime.getAsLong() - epochStart);
            epochBytes = 0;
        }
        if (credit < (size + 1) / 2) {
            return 0;
        }
        int increment = credit;
        available += increment;
        credit = 0;
        return increment;
    }

    /** The peer sends no more: only what is not yet consumed stays charged. */
    void end() {
        if (!ended) {
            ended = true;
            give(size - unconsumed);
        }
    }

    /** The stream is gone, and what its user still holds with it. */
    void close() {
        ended = true;
        unconsumed = 0;
        give(size);
    }

    private void resize(long roundTripNanos, long took) {
        if (took < QUICK_NANOS + QUICK_ROUND_TRIPS * roundTripNanos && size < flow.maxWindow()) {
            int wanted = Math.min(size, flow.maxWindow() - size);
            int granted = budget.reserve(wanted);
            if (granted < wanted) {
                stats.windowRefusals.increment();
            }
            size += granted;
            credit += granted;
            stats.windowBytes.add(granted);
        } else if (took > SLOW_NANOS + 10 * roundTripNanos) {
            shrink();
        }
    }

    /** Keeps back credit: HTTP/2 has no other way to take a window back. */
    private void shrink() {
        int surplus = Math.min(credit, size / 2);
        if (size - surplus >= flow.initialWindow()) {
            credit -= surplus;
            give(surplus);
        }
    }

    private void give(int bytes) {
        if (bytes > 0) {
            size -= bytes;
            budget.release(bytes);
            stats.windowBytes.add(-bytes);
        }
    }
}

package io.culvert.waypoint.h1;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A time limit that moves with every request without a timer for each: a timer that fires too early looks again. Owned
 * by the loop.
 */
final class Deadline {
    private final EventExecutor loop;
    private final Runnable action;
    private long at;
    private @Nullable ScheduledFuture<?> timer;
    private long timerAt;

    Deadline(EventExecutor loop, Runnable action) {
        this.loop = loop;
        this.action = action;
    }

    /** The action is due after so long, not before and not twice. */
    void set(long nanos) {
        long now = loop.ticker().nanoTime();
        at = now + nanos;
        ScheduledFuture<?> pending = timer;
        if (pending != null && timerAt - at <= 0) {
            return;
        }
        if (pending != null) {
            pending.cancel(false);
        }
        schedule(nanos);
    }

    private void schedule(long nanos) {
        timerAt = loop.ticker().nanoTime() + nanos;
        timer = loop.schedule(this::fire, nanos, TimeUnit.NANOSECONDS);
    }

    private void fire() {
        timer = null;
        long left = at - loop.ticker().nanoTime();
        if (left > 0) {
            schedule(left);
        } else {
            action.run();
        }
    }

    void cancel() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}

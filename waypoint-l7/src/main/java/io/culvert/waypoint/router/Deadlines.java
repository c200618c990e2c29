package io.culvert.waypoint.router;

import io.netty.channel.EventLoop;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The times of one request: for the whole of it, and without a byte. Owned by the request's loop. */
final class Deadlines {
    private final Exchange exchange;
    private final EventLoop loop;
    private @Nullable Future<?> whole;
    private @Nullable Future<?> idle;
    private long wholeDue;
    private long idleNanos;
    private long lastByte;

    Deadlines(Exchange exchange) {
        this.exchange = exchange;
        this.loop = exchange.loop();
    }

    /** The request is given up {@code nanos} from now, unless that was to happen sooner; 0: no limit. */
    void limit(long nanos) {
        if (nanos <= 0) {
            return;
        }
        long now = loop.ticker().nanoTime();
        long due = now + nanos;
        if (whole != null) {
            if (due - wholeDue >= 0) {
                return;
            }
            whole.cancel(false);
        }
        wholeDue = due;
        whole = loop.schedule(exchange::onTimeout, nanos, TimeUnit.NANOSECONDS);
    }

    /** The request may take as long as it wants from now on. */
    void unlimit() {
        if (whole != null) {
            whole.cancel(false);
            whole = null;
        }
    }

    /** The request is given up after {@code nanos} without a byte; 0: never. */
    void idleAfter(long nanos) {
        if (nanos > 0) {
            idleNanos = nanos;
            lastByte = loop.ticker().nanoTime();
            if (idle == null) {
                idle = loop.schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
            }
        }
    }

    /** A byte went one way or the other. */
    void touch() {
        if (idleNanos > 0) {
            lastByte = loop.ticker().nanoTime();
        }
    }

    void close() {
        unlimit();
        if (idle != null) {
            idle.cancel(false);
            idle = null;
        }
        idleNanos = 0;
    }

    private void checkIdle() {
        long left = idleNanos - (loop.ticker().nanoTime() - lastByte);
        if (left > 0) {
            idle = loop.schedule(this::checkIdle, left, TimeUnit.NANOSECONDS);
        } else {
            exchange.onIdle();
        }
    }
}

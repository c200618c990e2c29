package io.culvert.core.relay;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.IdentityHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Coarse timers, one wheel for each loop: whatever is timed carries its own links, so a timer costs no object, and a
 * timer that is only pushed back (every byte does that) costs nothing at all until its old time comes. A wheel stands
 * still while nothing is timed. Timers fire up to one tick late.
 */
public final class RelayTimers {
    /** Something that can be timed: one timer at a time. Owned by its loop. */
    public abstract static class Timed {
        private @Nullable Timed previous;
        private @Nullable Timed next;
        private long dueTick;
        private int slot = -1;

        /** The time is up. To go on, set the timer again. */
        protected abstract void onTimer(long nowMillis);

        /** Whether a timer is set. */
        protected final boolean isTimed() {
            return slot >= 0;
        }
    }

    /** The wheel of one loop. Owned by that loop. */
    public final class Wheel {
        private final EventExecutor loop;
        private final @Nullable Timed[] slots = new Timed[SLOTS];
        private long tick;
        private int size;
        private boolean turning;

        private Wheel(EventExecutor loop) {
            this.loop = loop;
        }

        /** Milliseconds of this wheel's clock; not of the day. */
        public long now() {
            return clock.getAsLong();
        }

        /** Fires {@code timed} at the first tick after {@code delayMillis}, and not when it was set for before. */
        public void set(Timed timed, long delayMillis) {
            assert loop.inEventLoop();
            cancel(timed);
            if (!turning) {
                turning = true;
                tick = now() / tickMillis;
                turnLater();
            }
            timed.dueTick = Math.max(tick + 1, Math.ceilDiv(now() + delayMillis, tickMillis));
            int slot = (int) (timed.dueTick % SLOTS);
            Timed head = slots[slot];
            timed.slot = slot;
            timed.next = head;
            if (head != null) {
                head.previous = timed;
            }
            slots[slot] = timed;
            size++;
        }

        /** Does nothing when no timer is set. */
        public void cancel(Timed timed) {
            if (timed.slot < 0) {
                return;
            }
            assert loop.inEventLoop();
            Timed before = timed.previous;
            Timed after = timed.next;
            if (before == null) {
                slots[timed.slot] = after;
            } else {
                before.next = after;
            }
            if (after != null) {
                after.previous = before;
            }
            timed.previous = null;
            timed.next = null;
            timed.slot = -1;
            size--;
        }

        private void turnLater() {
            var _ = loop.schedule(this::turn, tickMillis, TimeUnit.MILLISECONDS);
        }

        private void turn() {
            long target = now() / tickMillis;
            // A loop that was held up for longer than a round visits every slot once.
            long from = Math.max(tick + 1, target - SLOTS + 1);
            for (long t = from; t <= target; t++) {
                tick = t;
                fire((int) (t % SLOTS), target);
            }
            if (size > 0) {
                turnLater();
            } else {
                turning = false;
            }
        }

        private void fire(int slot, long target) {
            Timed timed = slots[slot];
            while (timed != null) {
                Timed after = timed.next;
                if (timed.dueTick <= target) {
                    cancel(timed);
                    timed.onTimer(now());
                    // What fired may have cancelled its neighbour: then start over, fired ones are gone.
                    if (after != null && after.slot != slot) {
                        after = slots[slot];
                    }
                }
                timed = after;
            }
        }
    }

    private static final int SLOTS = 512;

    private final long tickMillis;
    private final LongSupplier clock;
    private final IdentityHashMap<EventExecutor, Wheel> wheels = new IdentityHashMap<>();

    /** A wheel for every loop of {@code group}, with one tick a second. */
    public RelayTimers(EventExecutorGroup group) {
        this(group, 1000, sinceNow());
    }

    /** As above with another tick and a clock in milliseconds. */
    public RelayTimers(EventExecutorGroup group, long tickMillis, LongSupplier clock) {
        this.tickMillis = tickMillis;
        this.clock = clock;
        for (EventExecutor loop : group) {
            wheels.put(loop, new Wheel(loop));
        }
    }

    private static LongSupplier sinceNow() {
        // From 0 on: nanoTime may be negative.
        long start = System.nanoTime();
        return () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    /**
     * The wheel of a loop of the group.
     *
     * @throws IllegalArgumentException when the loop is of another group
     */
    public Wheel of(EventExecutor loop) {
        Wheel wheel = wheels.get(loop);
        if (wheel == null) {
            throw new IllegalArgumentException(
                    "no timers for " + loop + ": it is not of the group that they were made for");
        }
        return wheel;
    }
}

package io.culvert.core.relay;

import io.culvert.core.hbone.WindowBudget;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes may be buffered, or promised to be: a connection draws on its pod, the pod on the agent. What one
 * level grants, every level above it has granted too. Any thread.
 *
 * <p>{@link #reserve} asks and may get less; {@link #charge} records bytes that are here already and cannot be refused
 * (Netty's epoll reads to the end of a stream once the peer has half-closed), so that the level may run over its limit
 * until they have left: the overrun is counted.
 */
public final class ByteBudget implements WindowBudget {
    private static final VarHandle USED;

    static {
        try {
            USED = MethodHandles.lookup().findVarHandle(ByteBudget.class, "used", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final @Nullable ByteBudget parent;
    private final long limit;
    // Only the root counts: every level below it would cost each connection 100 bytes and more.
    private final @Nullable Counters counters;
    private volatile long used;

    private ByteBudget(@Nullable ByteBudget parent, long limit) {
        if (limit <= 0) {
            throw new IllegalArgumentException("a budget of " + limit + " bytes: want at least 1");
        }
        this.parent = parent;
        this.limit = limit;
        this.counters = parent == null ? new Counters() : null;
    }

    /** The uppermost budget: the agent's. */
    public static ByteBudget root(long limit) {
        return new ByteBudget(null, limit);
    }

    /** A budget that draws on this one; its limit may be larger than what this one has left. */
    public ByteBudget child(long limitBytes) {
        return new ByteBudget(this, limitBytes);
    }

    /** Bytes that are granted and not given back. */
    public long used() {
        return used;
    }

    public long limit() {
        return limit;
    }

    /** Whether this level or one above it has nothing left. */
    public boolean exhausted() {
        for (ByteBudget level = this; level != null; level = level.parent) {
            if (level.used >= level.limit) {
                return true;
            }
        }
        return false;
    }

    /** What could be reserved now: the least that any level has left, never negative. */
    public long available() {
        long available = Long.MAX_VALUE;
        for (ByteBudget level = this; level != null; level = level.parent) {
            available = Math.min(available, level.limit - level.used);
        }
        return Math.max(0, available);
    }

    @Override
    public int reserve(int wanted) {
        if (wanted <= 0) {
            return 0;
        }
        int granted = take(wanted);
        if (granted > 0 && parent != null) {
            int above = parent.reserve(granted);
            if (above < granted) {
                USED.getAndAdd(this, (long) (above - granted));
                return above;
            }
        }
        if (granted == 0) {
            countRefusal();
        }
        return granted;
    }

    private int take(int wanted) {
        while (true) {
            long now = used;
            int granted = (int) Math.min(wanted, Math.max(0, limit - now));
            if (granted == 0 || USED.compareAndSet(this, now, now + granted)) {
                return granted;
            }
        }
    }

    private void countRefusal() {
        ByteBudget level = this;
        while (level.parent != null) {
            level = level.parent;
        }
        if (level.counters != null) {
            level.counters.refusals.increment();
        }
    }

    /** Records {@code bytes} that are buffered already, at every level, beyond the limit if need be. */
    public void charge(int bytes) {
        for (ByteBudget level = this; level != null; level = level.parent) {
            long now = (long) USED.getAndAdd(level, (long) bytes) + bytes;
            if (level.counters != null && now > level.limit) {
                level.counters.overruns.increment();
            }
        }
    }

    @Override
    public void release(int bytes) {
        for (ByteBudget level = this; level != null; level = level.parent) {
            long before = (long) USED.getAndAdd(level, (long) -bytes);
            assert before >= bytes : "released " + bytes + " of " + before + " bytes";
        }
    }

    /** How often a reservation got nothing, since the start; 0 below the root. */
    public long refusals() {
        return counters == null ? 0 : counters.refusals.sum();
    }

    /** How often bytes that could not be refused went over the root's limit, since the start; 0 below the root. */
    public long overruns() {
        return counters == null ? 0 : counters.overruns.sum();
    }

    @Override
    public String toString() {
        return used + "/" + limit;
    }

    private static final class Counters {
        private final LongAdder refusals = new LongAdder();
        private final LongAdder overruns = new LongAdder();
    }
}

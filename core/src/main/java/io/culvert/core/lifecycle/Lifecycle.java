package io.culvert.core.lifecycle;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts components in their order, drains and closes them in reverse. Any thread; transitions are serialised.
 *
 * <p>States: {@code NEW -> STARTING -> RUNNING -> DRAINING -> CLOSED}; a start that fails closes what was started.
 */
public final class Lifecycle implements AutoCloseable {
    /** Where a program is in its life. */
    public enum State {
        NEW,
        STARTING,
        RUNNING,
        DRAINING,
        CLOSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);

    private final List<Component> components;
    private final LongSupplier nanoClock;
    private final Deque<Component> started = new ArrayDeque<>();
    private volatile State state = State.NEW;

    /** Components in the order in which they start: each may rely on those before it. */
    public Lifecycle(List<? extends Component> components) {
        this(components, System::nanoTime);
    }

    Lifecycle(List<? extends Component> components, LongSupplier nanoClock) {
        this.components = List.copyOf(components);
        this.nanoClock = nanoClock;
    }

    public State state() {
        return state;
    }

    /**
     * Starts all components.
     *
     * @throws Exception what the first failing component threw, after those before it were closed again
     */
    public synchronized void start() throws Exception {
        if (state != State.NEW) {
            throw new IllegalStateException("started already: " + state);
        }
        // NEW -> STARTING -> (RUNNING | CLOSED)
        state = State.STARTING;
        for (Component component : components) {
            long begin = nanoClock.getAsLong();
            try {
                component.start();
            } catch (Throwable t) {
                LOG.debug("start of {} failed", component.name());
                close();
                throw t;
            }
            started.push(component);
            LOG.debug("{} started in {} ms", component.name(), (nanoClock.getAsLong() - begin) / 1_000_000);
        }
        state = State.RUNNING;
    }

    /** Drains the components in reverse order; together they have {@code deadline}. Then {@link #close}s. */
    public synchronized void stop(Duration deadline) {
        // RUNNING -> DRAINING -> CLOSED
        if (state == State.RUNNING) {
            state = State.DRAINING;
            long end = nanoClock.getAsLong() + deadline.toNanos();
            for (Component component : started) {
                Duration left = Duration.ofNanos(Math.max(0, end - nanoClock.getAsLong()));
                try {
                    component.drain(left);
                } catch (RuntimeException e) {
                    LOG.warn("drain of {} failed", component.name(), e);
                }
            }
        }
        close();
    }

    /** Closes the started components in reverse order. Idempotent. */
    @Override
    public synchronized void close() {
        state = State.CLOSED;
        while (!started.isEmpty()) {
            Component component = started.pop();
            try {
                component.close();
            } catch (RuntimeException e) {
                LOG.warn("close of {} failed", component.name(), e);
            }
        }
    }
}

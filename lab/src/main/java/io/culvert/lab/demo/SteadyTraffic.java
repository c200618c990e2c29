package io.culvert.lab.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One connection on which bytes move both ways all the time: a question and its answer a hundred times a second, each
 * answer compared. It stops at the first thing that is wrong. Any thread.
 */
public final class SteadyTraffic implements AutoCloseable {
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final String name;
    private final Session session;
    private final Thread thread;
    private final AtomicLong exchanges = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();
    private volatile @Nullable String failure;
    private volatile boolean stopped;

    /** Starts on {@code session}, which it closes at its end; {@code name} tells it from others. */
    public SteadyTraffic(String name, Session session) {
        this.name = name;
        this.session = session;
        this.thread = Thread.ofPlatform().daemon().name("steady-" + name).start(this::run);
    }

    public String name() {
        return name;
    }

    /** Questions answered so far. */
    public long exchanges() {
        return exchanges.get();
    }

    /** The longest that an answer took so far. */
    public Duration longest() {
        return Duration.ofNanos(longestNanos.get());
    }

    /** What ended it, or null while all is well. */
    public @Nullable String failure() {
        return failure;
    }

    /** The port of the client's end. */
    public int localPort() {
        return session.localPort();
    }

    /** Waits for {@code more} answers from now on, or throws with what is wrong. */
    public void awaitProgress(int more, Duration timeout) {
        long wanted = exchanges.get() + more;
        long deadline = System.nanoTime() + timeout.toNanos();
        while (exchanges.get() < wanted) {
            if (failure != null) {
                throw new CheckFailure("connection " + name + " broke: " + failure);
            }
            if (System.nanoTime() > deadline) {
                throw new CheckFailure("connection " + name + " stands still: " + exchanges.get() + " of " + wanted
                        + " answers after " + timeout.toMillis() + " ms");
            }
            LockSupport.parkNanos(PACE_NANOS);
        }
    }

    @Override
    public void close() {
        stopped = true;
        session.close();
        try {
            thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        for (long i = 0; !stopped; i++) {
            String question = name + "-" + i;
            try {
                long start = System.nanoTime();
                String answer = session.ask(question);
                longestNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
                if (!answer.equals(question)) {
                    failure = "asked " + question + ", answered " + answer;
                    return;
                }
                exchanges.incrementAndGet();
            } catch (IOException e) {
                if (!stopped) {
                    failure = e + " after " + exchanges.get() + " exchanges";
                }
                return;
            }
            LockSupport.parkNanos(PACE_NANOS);
        }
    }
}

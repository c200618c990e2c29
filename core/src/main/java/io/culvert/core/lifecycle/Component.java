package io.culvert.core.lifecycle;

import java.time.Duration;

/**
 * A part of a program with a life of its own. {@link Lifecycle} calls all three from one thread; a part that was never
 * started is never drained or closed.
 */
public interface Component {
    /** Name in logs: what a person would call the part. */
    String name();

    /**
     * Brings the part up; when it returns, the part serves.
     *
     * @throws Exception when it cannot; the message names the thing, the place and the remedy, and the part has undone
     *     what it did
     */
    void start() throws Exception;

    /** Takes no more work, lets what is there finish, and returns when all is done or {@code deadline} has passed. */
    default void drain(Duration deadline) {}

    /** Frees everything at once. Idempotent, throws nothing. */
    void close();
}

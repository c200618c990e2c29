package io.culvert.cni;

import java.time.Duration;
import java.time.Instant;

/** Time and threads of the controller, given to it so that tests can step it by hand. Any thread. */
interface CaptureScheduler {
    Instant now();

    /** Runs {@code task} soon, on a thread that may block. */
    void execute(Runnable task);

    /** Runs {@code task} as {@link #execute} does, not before {@code delay} is over. */
    void after(Duration delay, Runnable task);
}

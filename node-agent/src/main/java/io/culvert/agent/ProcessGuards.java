package io.culvert.agent;

import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What guards a process that serves: faults that nobody caught are logged, memory that ran out ends it (the flag
 * -XX:+ExitOnOutOfMemoryError does the same for threads of the JVM), and SIGTERM asks for an orderly end.
 */
final class ProcessGuards {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessGuards.class);
    private static final int EXIT_MEMORY = 3;

    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);

    /** Installs the guards; the JVM's exit, whatever asked for it, then waits until {@link #stopped}. */
    void install() {
        Thread.setDefaultUncaughtExceptionHandler((thread, fault) -> {
            if (fault instanceof OutOfMemoryError) {
                Runtime.getRuntime().halt(EXIT_MEMORY);
            }
            LOG.error("thread {} ended with a fault that nobody caught", thread.getName(), fault);
        });
        Runtime.getRuntime().addShutdownHook(new Thread(this::shutdown, "culvert-shutdown"));
    }

    /** Asks for an orderly end. Any thread; returns at once. */
    void requestStop() {
        stop.countDown();
    }

    /** Blocks until somebody asks for the end. */
    void awaitStopRequest() throws InterruptedException {
        stop.await();
    }

    /** The orderly end is done: the JVM may go. */
    void stopped() {
        stopped.countDown();
    }

    private void shutdown() {
        stop.countDown();
        try {
            stopped.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

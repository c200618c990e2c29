package io.culvert.core.linux;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads for event loops: of the highest Java priority, and with the shortest slice that Linux gives an ordinary thread
 * (EEVDF, Linux 6.12). A thread that wakes with a shorter slice than the running one may take its place; without it a
 * request waits until whoever computes on that core has used up milliseconds of its own. The slice decides who goes
 * first, not who gets how much.
 *
 * <p>Older kernels ignore the slice; where it is refused each thread says so in the log and runs as it is.
 */
public final class LoopThreads {
    /** The least that sched_setattr(2) takes. */
    private static final long SLICE_NANOS = 100_000;

    private static final Logger LOG = LoggerFactory.getLogger(LoopThreads.class);

    private LoopThreads() {}

    /** Daemon threads called {@code name} and a number. */
    public static ThreadFactory factory(String name) {
        ThreadFactory threads = new DefaultThreadFactory(name, true, Thread.MAX_PRIORITY);
        return work -> threads.newThread(() -> {
            int refused = Libc.slice(SLICE_NANOS);
            if (refused < 0) {
                LOG.info(
                        "loop {} keeps the kernel's slice: sched_setattr says {}",
                        Thread.currentThread().getName(),
                        Libc.message(-refused));
            }
            work.run();
        });
    }
}

package io.culvert.agent;

import io.culvert.core.lifecycle.Component;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Collects once, some seconds after the start: most of what a start allocates is garbage then, and an idle agent would
 * keep the pages for ever. One pause of a few tens of milliseconds; with the launch flags the heap shrinks in one step.
 */
final class StartUpGarbage implements Component {
    private static final Duration AFTER = Duration.ofSeconds(8);

    private @Nullable Thread thread;

    @Override
    public String name() {
        return "first collection";
    }

    @Override
    public void start() {
        thread = Thread.ofVirtual().name("first-collection").start(() -> {
            try {
                Thread.sleep(AFTER);
                System.gc();
            } catch (InterruptedException e) {
                // The agent ends before.
                return;
            }
        });
    }

    @Override
    public void close() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}

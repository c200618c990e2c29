package io.culvert.agent;

import io.culvert.core.lifecycle.Component;
import io.culvert.core.linux.FilePages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives back once, some seconds after the start, what only the start needed and an idle agent would keep for ever: its
 * garbage (one pause of a few tens of milliseconds; with the launch flags the heap shrinks in one step) and the pages of
 * the ahead-of-time cache, which a JVM reads nearly whole.
 */
final class StartUpGarbage implements Component {
    private static final Logger LOG = LoggerFactory.getLogger(StartUpGarbage.class);
    private static final Duration AFTER = Duration.ofSeconds(8);
    private static final String CACHE_FLAG = "-XX:AOTCache=";

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
                giveBackCache();
            } catch (InterruptedException e) {
                // The agent ends before.
                return;
            }
        });
    }

    private static void giveBackCache() {
        try {
            for (String argument :
                    List.of(Files.readString(Path.of("/proc/self/cmdline")).split("\0", -1))) {
                if (argument.startsWith(CACHE_FLAG)) {
                    long given = FilePages.giveBack(Path.of(argument.substring(CACHE_FLAG.length())));
                    LOG.debug("gave back {} KiB of the ahead-of-time cache", given >> 10);
                }
            }
        } catch (IOException e) {
            LOG.debug("the pages of the ahead-of-time cache stay", e);
        }
    }

    @Override
    public void close() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}

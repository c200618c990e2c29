package io.culvert.agent;

import io.culvert.core.lifecycle.Lifecycle;
import io.culvert.core.telemetry.Logging;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The life of a process that serves: start, wait for somebody to ask for the end, drain, close. */
final class Serving {
    private static final Logger LOG = LoggerFactory.getLogger(Serving.class);

    /** Puts a role together. */
    interface Role {
        Lifecycle create(ProcessGuards guards) throws Exception;
    }

    private static final int TICKS_PER_SECOND = 100;
    /** Counted from the state, which follows the name in brackets. */
    private static final int START_TIME_FIELD = 19;

    private Serving() {}

    /** Runs {@code role} until it is asked to end; the exit status. */
    static int run(String name, Duration drain, Role role) {
        ProcessGuards guards = new ProcessGuards();
        guards.install();
        try {
            Lifecycle lifecycle = role.create(guards);
            lifecycle.start();
            LOG.info("{} is up {} ms after the start of its process", name, sinceProcessStart());
            guards.awaitStopRequest();
            LOG.info("{} stops; connections have {} to finish", name, Durations.text(drain));
            lifecycle.stop(drain);
            LOG.info("{} has stopped", name);
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Main.EXIT_FAILURE;
        } catch (Exception e) {
            LOG.debug("start failed", e);
            LOG.error("{} cannot start: {}", name, e.getMessage() == null ? e.toString() : e.getMessage());
            return Main.EXIT_FAILURE;
        } finally {
            Logging.flush(Duration.ofSeconds(1));
            guards.stopped();
        }
    }

    /**
     * By proc(5): field 22 of /proc/self/stat, in ticks since the boot, beside /proc/uptime. ProcessHandle's start instant
     * is off by up to a second, as it adds the ticks to a boot time in whole seconds. -1 when it cannot be read.
     */
    private static long sinceProcessStart() {
        try {
            String stat = Files.readString(Path.of("/proc/self/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            String uptime = Files.readString(Path.of("/proc/uptime"));
            double seconds = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
            return Math.round(seconds * 1000) - Long.parseLong(fields[START_TIME_FIELD]) * 1000 / TICKS_PER_SECOND;
        } catch (IOException | RuntimeException e) {
            return -1;
        }
    }
}

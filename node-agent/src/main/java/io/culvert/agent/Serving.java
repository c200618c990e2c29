package io.culvert.agent;

import io.culvert.core.lifecycle.Lifecycle;
import io.culvert.core.telemetry.Logging;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The life of a process that serves: start, wait for somebody to ask for the end, drain, close. */
final class Serving {
    private static final Logger LOG = LoggerFactory.getLogger(Serving.class);

    /** Puts a role together. */
    interface Role {
        Lifecycle create(ProcessGuards guards) throws Exception;
    }

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

    private static long sinceProcessStart() {
        return ProcessHandle.current()
                .info()
                .startInstant()
                .map(start -> Duration.between(start, Instant.now()).toMillis())
                .orElse(-1L);
    }
}

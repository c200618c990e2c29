package io.culvert.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A process of the mesh in a namespace of its own: started, killed and started again with the same command. Any thread. */
final class MeshProcess implements AutoCloseable {
    private static final Duration TERM_GRACE = Duration.ofSeconds(5);

    private final String title;
    private final List<String> command;
    private final Path log;
    private @Nullable Process process;

    MeshProcess(String title, List<String> command, Path log) {
        this.title = title;
        this.command = List.copyOf(command);
        this.log = log;
    }

    synchronized void start() {
        if (process != null && process.isAlive()) {
            return;
        }
        try {
            Process started = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            started.getOutputStream().close();
            process = started;
        } catch (IOException e) {
            throw new LabException("cannot start the " + title, e);
        }
    }

    synchronized boolean running() {
        return process != null && process.isAlive();
    }

    synchronized long pid() {
        if (process == null || !process.isAlive()) {
            throw new LabException("the " + title + " does not run; its log is " + log);
        }
        return process.pid();
    }

    /** Ends it by SIGKILL and waits until it is gone. */
    void kill() {
        end(false, Duration.ZERO);
    }

    /** Ends it in order: SIGTERM, and SIGKILL after {@code grace}. */
    void stop(Duration grace) {
        end(true, grace);
    }

    @Override
    public void close() {
        end(true, TERM_GRACE);
    }

    String log() {
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            return "cannot read " + log + ": " + e;
        }
    }

    /** Its last lines, for messages. */
    String lastWords() {
        List<String> lines = log().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
    }

    private void end(boolean politely, Duration grace) {
        Process running;
        synchronized (this) {
            running = process;
        }
        if (running == null) {
            return;
        }
        try {
            if (politely) {
                running.destroy();
                if (running.waitFor(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
            Command.kill(running.toHandle());
            running.waitFor();
        } catch (InterruptedException e) {
            Command.kill(running.toHandle());
            Thread.currentThread().interrupt();
        }
    }
}

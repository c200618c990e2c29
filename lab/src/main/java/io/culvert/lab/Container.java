package io.culvert.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A process of a pod. Any thread. */
final class Container {
    private static final Duration BIRTH = Duration.ofMillis(10);

    private final ContainerSpec spec;
    private final Sandbox sandbox;
    private final Path log;
    private @Nullable Process process;
    private int restarts = -1;

    Container(ContainerSpec spec, Sandbox sandbox, Path log) {
        this.spec = spec;
        this.sandbox = sandbox;
        this.log = log;
    }

    ContainerSpec spec() {
        return spec;
    }

    Path log() {
        return log;
    }

    /** Starts the command, again when it has ended; completes with its status when it ends. */
    synchronized CompletableFuture<Integer> start() {
        try {
            Process started = new ProcessBuilder(sandbox.enter(spec, spec.command()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            started.getOutputStream().close();
            process = started;
            restarts++;
            return started.onExit().thenApply(Process::exitValue);
        } catch (IOException e) {
            throw new LabException("cannot start container " + spec.name(), e);
        }
    }

    synchronized boolean running() {
        return process != null && process.isAlive();
    }

    synchronized int restarts() {
        return Math.max(0, restarts);
    }

    /** Ends it: SIGTERM, and SIGKILL after {@code grace}. */
    void stop(Duration grace) {
        Process running;
        synchronized (this) {
            running = process;
        }
        if (running == null) {
            return;
        }
        try {
            if (!endsWithin(running, grace)) {
                Command.kill(running.toHandle());
            }
        } catch (InterruptedException e) {
            Command.kill(running.toHandle());
            Thread.currentThread().interrupt();
        }
    }

    /** The command is the child of nsenter(1), which passes no signals on, and of which it may not be born yet. */
    private static boolean endsWithin(Process nsenter, Duration grace) throws InterruptedException {
        long end = System.nanoTime() + grace.toNanos();
        boolean told = false;
        do {
            List<ProcessHandle> command = told ? List.of() : nsenter.children().toList();
            command.forEach(ProcessHandle::destroy);
            told |= !command.isEmpty();
            long left = Math.max(0, end - System.nanoTime());
            if (nsenter.waitFor(told ? left : Math.min(left, BIRTH.toNanos()), TimeUnit.NANOSECONDS)) {
                return true;
            }
        } while (System.nanoTime() < end);
        return false;
    }
}

package io.culvert.cni;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs nft, iptables, ip and ss: bounded in number, time and output. Arguments are lists; no shell is involved. Any
 * thread; a call blocks until the tool has ended.
 */
final class ToolRunner {
    /** What a tool answered; {@code err} is trimmed. */
    record Result(int exit, String out, String err) {
        boolean ok() {
            return exit == 0;
        }
    }

    private static final int MAX_OUTPUT = 16 << 20;

    private final Semaphore running;
    private final Duration timeout;
    private final AtomicLong runs = new AtomicLong();

    /** @param concurrent how many tools may run at a time; further calls wait */
    ToolRunner(int concurrent, Duration timeout) {
        this.running = new Semaphore(concurrent, true);
        this.timeout = timeout;
    }

    /** Runs {@code command} inside the namespace behind {@code namespace}. */
    Result inNamespace(String namespace, List<String> command, String input) throws CaptureException {
        String[] all = new String[command.size() + 3];
        all[0] = "nsenter";
        all[1] = "--net=" + namespace;
        all[2] = "--";
        for (int i = 0; i < command.size(); i++) {
            all[i + 3] = command.get(i);
        }
        return run(List.of(all), input);
    }

    /**
     * Runs {@code command} with {@code input} on its standard input.
     *
     * @throws CaptureException when it cannot be started, or was ended after the timeout; a failing exit is a result
     */
    Result run(List<String> command, String input) throws CaptureException {
        runs.incrementAndGet();
        running.acquireUninterruptibly();
        try {
            return start(command, input);
        } catch (IOException e) {
            throw new CaptureException("cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        } finally {
            running.release();
        }
    }

    /** How many tools were run so far. */
    long runs() {
        return runs.get();
    }

    private Result start(List<String> command, String input) throws IOException, CaptureException {
        ProcessBuilder builder = new ProcessBuilder(command);
        // Messages are compared in a few places.
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        AtomicBoolean late = new AtomicBoolean();
        CompletableFuture<Void> watchdog = CompletableFuture.runAsync(
                () -> {
                    if (process.isAlive()) {
                        late.set(true);
                        process.destroyForcibly();
                    }
                },
                CompletableFuture.delayedExecutor(timeout.toMillis(), TimeUnit.MILLISECONDS));
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The tool ended without reading: its own message says why.
        }
        String out;
        String err;
        try (InputStream output = process.getInputStream();
                InputStream errors = process.getErrorStream()) {
            // One after the other: a tool that fills the error pipe first is ended by the watchdog.
            out = text(output);
            err = text(errors).strip();
        } finally {
            watchdog.cancel(false);
        }
        int exit = process.onExit().join().exitValue();
        if (late.get()) {
            throw new CaptureException(
                    String.join(" ", command) + " did not end within " + timeout.toSeconds() + " s and was killed");
        }
        return new Result(exit, out, err);
    }

    private static String text(InputStream stream) throws IOException {
        return new String(stream.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8);
    }
}

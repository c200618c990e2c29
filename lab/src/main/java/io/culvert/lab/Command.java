package io.culvert.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Runs the system's tools (ip, nft, nsenter, ...) and collects what they say. Any thread. */
final class Command {
    private static final Duration TOOL_TIMEOUT = Duration.ofSeconds(20);

    private Command() {}

    /** Runs a tool with {@code stdin} as its input and returns its output; a failure is an error that shows it. */
    static String run(List<String> argv, String stdin) {
        ExecResult result = attempt(argv, stdin, TOOL_TIMEOUT);
        if (!result.ok() && !stdin.isEmpty()) {
            throw new LabException(result.describe() + "\n  its input was:\n" + stdin.indent(4));
        }
        return result.orThrow();
    }

    static String run(String... argv) {
        return run(List.of(argv), "");
    }

    /** Runs a command to its end, or kills it with its descendants after {@code timeout} (status 124). */
    static ExecResult attempt(List<String> argv, String stdin, Duration timeout) {
        Process process = start(argv);
        CompletableFuture<String> out = collect(process.getInputStream());
        CompletableFuture<String> err = collect(process.getErrorStream());
        try (OutputStream input = process.getOutputStream()) {
            input.write(stdin.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The command did not want its input; its status tells what that means.
        }
        try {
            if (process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                return new ExecResult(argv, process.exitValue(), out.get(), err.get());
            }
            kill(process.toHandle());
            process.waitFor();
            return new ExecResult(
                    argv, ExecResult.TIMED_OUT, out.get(), err.get() + "killed after " + timeout.toMillis() + " ms");
        } catch (InterruptedException e) {
            kill(process.toHandle());
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while `" + String.join(" ", argv) + "` ran", e);
        } catch (ExecutionException e) {
            throw new LabException("cannot read what `" + String.join(" ", argv) + "` wrote", e);
        }
    }

    /** Descendants first: a command behind nsenter(1) would outlive it otherwise, and hold its output open. */
    static void kill(ProcessHandle process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private static Process start(List<String> argv) {
        try {
            return new ProcessBuilder(argv).start();
        } catch (IOException e) {
            throw new LabException(
                    "cannot start `" + argv.getFirst()
                            + "`: is it installed? (apt-get install iproute2 nftables util-linux)",
                    e);
        }
    }

    private static CompletableFuture<String> collect(InputStream stream) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (stream) {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.completeExceptionally(new UncheckedIOException(e));
            }
        });
        return text;
    }
}

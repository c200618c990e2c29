package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A reachability probe that runs in a pod, and the changes that it has seen. Any thread. */
final class ProbeLog implements AutoCloseable {
    /** The outcome of attempts from {@code epochMillis} on: refused, accepted or echoed. */
    record Change(long epochMillis, String outcome) {}

    private static final Pattern LINE = Pattern.compile("\"epoch_ms\":([0-9]+),\"outcome\":\"([a-z]+)\"");

    private static final String LENGTH_SECONDS = "60";

    private final Process process;
    private final List<Change> changes = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    private ProbeLog(Process process) {
        this.process = process;
        Thread.ofVirtual().start(this::read);
    }

    static ProbeLog start(LabPod from, LabPod to) throws IOException {
        List<String> probe =
                LoadProgram.command(List.of("probe", to.ip4(), Integer.toString(Ports.ECHO), LENGTH_SECONDS));
        return new ProbeLog(new ProcessBuilder(from.command(probe))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    Change awaitFirst(Duration timeout) {
        Waits.until("a first outcome of the probe", timeout, () -> !changes.isEmpty());
        return changes.getFirst();
    }

    Change await(String outcome, long since, Duration timeout) {
        Waits.until(
                "the probe is " + outcome, timeout, () -> changes.stream().anyMatch(c -> matches(c, outcome, since)));
        return changes.stream()
                .filter(c -> matches(c, outcome, since))
                .findFirst()
                .orElseThrow();
    }

    /** The first change to accepted or echoed after {@code since}. */
    Change firstServedAfter(long since) {
        return changes.stream()
                .filter(c -> c.epochMillis() >= since && !c.outcome().equals("refused"))
                .findFirst()
                .orElseThrow(() -> new LabException("nothing was served"));
    }

    private static boolean matches(Change change, String outcome, long since) {
        return change.epochMillis() >= since && change.outcome().equals(outcome);
    }

    private void read() {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Matcher matcher = LINE.matcher(line);
                if (matcher.find()) {
                    changes.add(new Change(Long.parseLong(matcher.group(1)), matcher.group(2)));
                }
            }
        } catch (IOException e) {
            if (!closed) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        process.destroy();
    }
}

package io.culvert.perf.figures;

import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * A load program in a pod that prints a line for what it does first, and one more for each time it is asked. One thread
 * at a time; reading blocks until the program answers.
 */
final class PodDialogue implements AutoCloseable {
    private static final long END_SECONDS = 10;

    private final Process process;
    private final BufferedReader lines;

    private PodDialogue(Process process) {
        this.process = process;
        this.lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    }

    static PodDialogue start(LabPod pod, String... arguments) throws IOException {
        return new PodDialogue(Bench.start(pod, arguments));
    }

    /** The answer to what was asked last, or to the start. */
    String answer() throws IOException {
        String line = lines.readLine();
        if (line == null) {
            throw new LabException("the load program ended without an answer");
        }
        return line;
    }

    String ask() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        return answer();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            process.waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroy();
        lines.close();
    }
}

package io.culvert.perf.figures;

import io.culvert.lab.LabPod;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** A load program in a pod, whose output nobody reads. One thread at a time. */
final class PodProgram implements AutoCloseable {
    private static final long END_SECONDS = 10;

    private final Process process;

    private PodProgram(Process process) {
        this.process = process;
    }

    static PodProgram start(LabPod pod, String... arguments) throws IOException {
        return new PodProgram(Bench.start(pod, arguments));
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
    }
}

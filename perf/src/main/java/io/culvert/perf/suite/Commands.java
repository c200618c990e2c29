package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Short commands of the machine. */
final class Commands {
    private Commands() {}

    /** What {@code command} printed, its errors included. */
    static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new LabException(String.join(" ", command) + " ended with status " + status + ": " + out.strip());
            }
            return out;
        } catch (IOException e) {
            throw new LabException("cannot run " + command[0], e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted in " + command[0], e);
        }
    }
}

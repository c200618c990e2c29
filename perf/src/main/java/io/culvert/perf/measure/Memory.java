package io.culvert.perf.measure;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Resident memory of processes, in bytes. Immutable.
 *
 * @param rss every resident page, shared ones whole
 * @param pss shared pages by their share
 */
public record Memory(long rss, long pss) {
    /** The sum over {@code pids}. */
    public static Memory of(List<Long> pids) {
        long rss = 0;
        long pss = 0;
        for (long pid : pids) {
            Path file = Path.of("/proc/" + pid + "/smaps_rollup");
            try {
                for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                    if (line.startsWith("Rss:")) {
                        rss += kib(line);
                    } else if (line.startsWith("Pss:")) {
                        pss += kib(line);
                    }
                }
            } catch (IOException e) {
                throw new LabException("cannot read " + file + ": has the process ended?", e);
            }
        }
        return new Memory(rss << 10, pss << 10);
    }

    public double rssMib() {
        return rss / 1048576.0;
    }

    public double pssMib() {
        return pss / 1048576.0;
    }

    private static long kib(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
}

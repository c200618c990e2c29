package io.culvert.perf.measure;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The most that processes were resident at once since {@link #reset}: the kernel's own mark, so no peak is missed. */
public final class PeakMemory {
    private static final String KEY = "VmHWM:";
    // What proc(5) has for "set the peak to what is resident now".
    private static final String RESET_PEAK = "5";

    private PeakMemory() {}

    /** Begins anew for {@code pids}. */
    public static void reset(List<Long> pids) {
        for (long pid : pids) {
            Path file = Path.of("/proc/" + pid + "/clear_refs");
            try {
                Files.writeString(file, RESET_PEAK);
            } catch (IOException e) {
                throw new LabException("cannot write " + file + ": has the process ended?", e);
            }
        }
    }

    /** The peak of one process, in MiB. */
    public static double mib(long pid) {
        Path file = Path.of("/proc/" + pid + "/status");
        try {
            return parse(Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new LabException("cannot read " + file + ": has the process ended?", e);
        }
    }

    static double parse(String status) {
        String line = status.lines()
                .filter(l -> l.startsWith(KEY))
                .findFirst()
                .orElseThrow(() -> new LabException("no " + KEY + " in the status of a process: is it ending?"));
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
    }
}

package io.culvert.perf.measure;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Pauses of the mesh's processes, collections among them, as their JVMs logged them below a directory ({@link #flag}). Any thread. */
public final class SafepointLog {
    private static final Pattern TOTAL = Pattern.compile("Safepoint \"([^\"]*)\".* Total: +([0-9]+) ns");

    private final Path directory;

    public SafepointLog(Path directory) {
        this.directory = directory;
    }

    /** The JVM's flag that writes the log; the name is the process. */
    public String flag() {
        return "-Xlog:safepoint:file=" + directory.resolve("safepoint-%p.log") + ":uptime:filecount=0";
    }

    /**
     * A place in every log: where it ends now.
     *
     * @param offsets total length of the logs
     */
    public record Mark(java.util.Map<Path, Long> offsets) {
        public Mark {
            offsets = java.util.Map.copyOf(offsets);
        }
    }

    public Mark mark() {
        java.util.Map<Path, Long> offsets = new java.util.HashMap<>();
        each((log, size) -> offsets.put(log, size));
        return new Mark(offsets);
    }

    /**
     * The longest pause since {@code mark} of any of the processes {@code pids}, in milliseconds; 0 when there was none.
     */
    public double longestSince(Mark mark, Collection<Long> pids) {
        Set<String> names =
                pids.stream().map(pid -> "safepoint-" + pid + ".log").collect(Collectors.toSet());
        double[] longest = {0};
        each((log, size) -> {
            if (!names.contains(String.valueOf(log.getFileName()))) {
                return;
            }
            long from = mark.offsets().getOrDefault(log, 0L);
            byte[] bytes = Files.readAllBytes(log);
            String text = new String(bytes, (int) from, (int) (bytes.length - from), StandardCharsets.UTF_8);
            Matcher matcher = TOTAL.matcher(text);
            while (matcher.find()) {
                longest[0] = Math.max(longest[0], Long.parseLong(matcher.group(2)) / 1e6);
            }
        });
        return longest[0];
    }

    private interface Look {
        void at(Path log, long size) throws IOException;
    }

    private void each(Look look) {
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(directory, "safepoint-*.log")) {
            for (Path log : logs) {
                look.at(log, Files.size(log));
            }
        } catch (IOException e) {
            throw new LabException("cannot read the safepoint logs in " + directory, e);
        }
    }
}

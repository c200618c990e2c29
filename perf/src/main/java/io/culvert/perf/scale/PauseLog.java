package io.culvert.perf.scale;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The safepoints of this JVM, from its own log, which is turned on while it runs so that the flags stay those of the
 * agent. A safepoint's time counts from the request to the last thread's going on. Owned by: one thread.
 */
final class PauseLog {
    private static final Pattern TOTAL = Pattern.compile("Safepoint \"([^\"]+)\".* Total:\\s+(\\d+) ns");

    private final Path file;
    private int seen;

    /** The longest pause of a while, its cause, and all pauses together. */
    record Pauses(double longestMillis, String cause, double totalMillis, int count) {}

    private PauseLog(Path file) {
        this.file = file;
    }

    static PauseLog start(Path file) throws JMException {
        ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "vmLog",
                        new Object[] {new String[] {"what=safepoint", "output=" + file}},
                        new String[] {String[].class.getName()});
        return new PauseLog(file);
    }

    /** The pauses since the last call. */
    Pauses next() throws IOException {
        List<String> lines = Files.readAllLines(file);
        double longest = 0;
        double total = 0;
        int count = 0;
        String cause = "";
        for (String line : lines.subList(seen, lines.size())) {
            Matcher m = TOTAL.matcher(line);
            if (m.find()) {
                double millis = Long.parseLong(m.group(2)) / 1e6;
                total += millis;
                count++;
                if (millis > longest) {
                    longest = millis;
                    cause = m.group(1);
                }
            }
        }
        seen = lines.size();
        return new Pauses(longest, cause, total, count);
    }
}

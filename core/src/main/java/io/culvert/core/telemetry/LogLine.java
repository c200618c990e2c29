package io.culvert.core.telemetry;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/** One line of the log; its message is formatted already, since arguments may change. Immutable. */
record LogLine(
        long epochMillis,
        Level level,
        String logger,
        String thread,
        String message,
        @Nullable Throwable trace) {

    /** {@code 2026-11-20T10:00:00.123Z INFO  agent.AgentMain [main] message}, then a trace if there is one. */
    static void render(LogLine line, StringBuilder out) {
        out.append(Instant.ofEpochMilli(line.epochMillis)).append(' ').append(line.level);
        if (line.level.name().length() == 4) {
            out.append(' ');
        }
        out.append(' ')
                .append(shortName(line.logger))
                .append(" [")
                .append(line.thread)
                .append("] ");
        // A message may carry a peer's bytes: it must not forge a second line.
        for (int i = 0; i < line.message.length(); i++) {
            char c = line.message.charAt(i);
            if (c == '\n') {
                out.append("\n    ");
            } else if (c >= ' ' || c == '\t') {
                out.append(c);
            } else {
                out.append('?');
            }
        }
        out.append('\n');
        if (line.trace != null) {
            StringWriter trace = new StringWriter();
            line.trace.printStackTrace(new PrintWriter(trace));
            out.append(trace);
        }
    }

    private static String shortName(String logger) {
        return logger.startsWith("io.culvert.") ? logger.substring("io.culvert.".length()) : logger;
    }
}

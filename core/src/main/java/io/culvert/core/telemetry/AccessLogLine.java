package io.culvert.core.telemetry;

/** Something that the access log tells in one line. Immutable once it is logged. */
@FunctionalInterface
public interface AccessLogLine {
    /**
     * Appends the line with its end ({@link JsonLine} helps). Called on the log's own thread.
     *
     * @param epochMillis when it was logged
     */
    void append(long epochMillis, StringBuilder out);
}

package io.culvert.core.telemetry;

import io.culvert.core.lifecycle.Component;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;

/**
 * One JSON line per connection or request, to standard output or a file. {@link #log} never blocks: the queue is bounded,
 * and what does not fit is dropped and counted in {@code culvert_access_log_dropped_total}. Any thread.
 */
public final class AccessLog implements Component {
    /** Lines that may wait for the writer; some 100 bytes each. */
    public static final int QUEUE_CAPACITY = 8192;

    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private record Line(AccessLogLine content, long epochMillis) {}

    private final BatchWriter<Line> writer;
    private final OutputStream out;
    private final InstantSource clock;

    /** Whoever gives {@code out} hands it over: it is closed with the log. */
    public AccessLog(MetricsRegistry registry, OutputStream out) {
        this(registry, out, InstantSource.system(), QUEUE_CAPACITY);
    }

    AccessLog(MetricsRegistry registry, OutputStream out, InstantSource clock, int capacity) {
        this.out = out;
        this.clock = clock;
        this.writer = new BatchWriter<>(
                "culvert-access-log",
                capacity,
                new LineSink<>(out, (line, text) -> line.content().append(line.epochMillis(), text)));
        registry.source(sink -> {
            sink.accept(MetricsRegistry.counter(
                    "culvert_access_log_lines", "Access-log lines handed to the log's file", writer.written()));
            sink.accept(MetricsRegistry.counter(
                    "culvert_access_log_dropped", "Access-log lines lost to a full queue", writer.dropped()));
            sink.accept(MetricsRegistry.counter(
                    "culvert_access_log_write_errors", "Access-log lines lost to failed writes", writer.failed()));
        });
    }

    /**
     * The stream of a target: {@code -} is standard output, all else a file that is appended to.
     *
     * @throws IOException when the file cannot be opened; the message names it
     */
    public static OutputStream target(String target) throws IOException {
        if (target.equals("-")) {
            return new FileOutputStream(FileDescriptor.out);
        }
        try {
            return Files.newOutputStream(Path.of(target), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new IOException(
                    "cannot open the access log " + target + " for appending: " + e.getMessage()
                            + " (does its directory exist?)",
                    e);
        }
    }

    @Override
    public String name() {
        return "access log";
    }

    @Override
    public void start() {
        writer.start();
    }

    /** Writes what is queued, within two seconds, and closes a file. */
    @Override
    public void close() {
        writer.close(CLOSE_LIMIT);
        try {
            out.flush();
            out.close();
        } catch (IOException e) {
            // What could not be written was counted; nobody is left to be told.
            return;
        }
    }

    /** Queues a line; when the queue is full it is dropped and counted. */
    public void log(AccessLogLine line) {
        writer.offer(new Line(line, clock.millis()));
    }

    long dropped() {
        return writer.dropped();
    }
}

package io.culvert.core.telemetry;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * The program's log: text lines to standard error through a bounded queue and one writer thread, with levels that can
 * be changed while it runs. A full queue drops and counts; nothing that logs is ever held up. Any thread.
 */
public final class Logging {
    /** Lines that may wait for the writer. */
    static final int QUEUE_CAPACITY = 4096;

    private static final Logging PROCESS = new Logging(new FileOutputStream(FileDescriptor.err), QUEUE_CAPACITY);

    private final BatchWriter<LogLine> writer;
    private final Map<String, AsyncLogger> loggers = new ConcurrentHashMap<>();
    private volatile LogLevels levels;

    Logging(OutputStream out, int capacity) {
        this.writer = new BatchWriter<>("culvert-log", capacity, new LineSink<>(out, LogLine::render));
        // Netty and gRPC tell at info what only their authors want to know.
        this.levels = new LogLevels(Map.of(
                "", Level.INFO,
                "io.netty", Level.WARN,
                // gRPC sets TCP's options on Unix sockets too, and the bootstrap complains each time.
                "io.netty.bootstrap", Level.ERROR,
                "io.grpc", Level.WARN));
        this.writer.start();
    }

    /** The log of this process, at the levels of the system property {@code culvert.log}, if that is set. */
    static Logging process() {
        return PROCESS;
    }

    static {
        String text = System.getProperty("culvert.log");
        if (text != null) {
            PROCESS.change(text);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> flush(Duration.ofSeconds(1)), "culvert-log-flush"));
    }

    /**
     * Changes levels: {@code debug} or {@code info,io.culvert.core.hbone=debug}.
     *
     * @throws IllegalArgumentException naming what is no level; nothing is changed then
     */
    public static void setLevels(String text) {
        PROCESS.change(text);
    }

    /**
     * Checks a text for {@link #setLevels} and changes nothing.
     *
     * @throws IllegalArgumentException naming what is no level
     */
    public static void checkLevels(String text) {
        var _ = PROCESS.levels.with(text);
    }

    /** The levels as {@link #setLevels} would take them. */
    public static String levels() {
        return PROCESS.levels.toString();
    }

    /** Waits until what was logged so far is written, at most {@code limit}. */
    public static void flush(Duration limit) {
        PROCESS.writer.flush(limit);
    }

    /** Adds the counter of dropped lines to {@code registry}. */
    public static void register(MetricsRegistry registry) {
        registry.source(out -> out.accept(MetricsRegistry.counter(
                "culvert_log_dropped", "Log lines lost to a full queue", PROCESS.writer.dropped())));
    }

    AsyncLogger logger(String name) {
        return loggers.computeIfAbsent(name, n -> new AsyncLogger(n, this, levels.of(n)));
    }

    synchronized void change(String text) {
        LogLevels changed = levels.with(text);
        levels = changed;
        loggers.forEach((name, logger) -> logger.level(changed.of(name)));
    }

    void write(Level level, String logger, String message, @Nullable Throwable trace) {
        writer.offer(new LogLine(
                System.currentTimeMillis(),
                level,
                logger,
                Thread.currentThread().getName(),
                message,
                trace));
    }

    boolean flushed(Duration limit) {
        return writer.flush(limit);
    }

    long dropped() {
        return writer.dropped();
    }
}

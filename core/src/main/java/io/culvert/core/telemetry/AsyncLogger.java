package io.culvert.core.telemetry;

import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/** A named logger in front of {@link Logging}. Any thread. */
final class AsyncLogger extends LegacyAbstractLogger {
    private static final long serialVersionUID = 1;

    private final transient Logging logging;
    private volatile int threshold;

    AsyncLogger(String name, Logging logging, Level level) {
        this.name = name;
        this.logging = logging;
        this.threshold = level.toInt();
    }

    void level(Level level) {
        threshold = level.toInt();
    }

    @Override
    public boolean isTraceEnabled() {
        return Level.TRACE.toInt() >= threshold;
    }

    @Override
    public boolean isDebugEnabled() {
        return Level.DEBUG.toInt() >= threshold;
    }

    @Override
    public boolean isInfoEnabled() {
        return Level.INFO.toInt() >= threshold;
    }

    @Override
    public boolean isWarnEnabled() {
        return Level.WARN.toInt() >= threshold;
    }

    @Override
    public boolean isErrorEnabled() {
        return Level.ERROR.toInt() >= threshold;
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
        return null;
    }

    @Override
    protected void handleNormalizedLoggingCall(
            Level level,
            @Nullable Marker marker,
            @Nullable String message,
            Object @Nullable [] arguments,
            @Nullable Throwable throwable) {
        String formatted = MessageFormatter.basicArrayFormat(message, arguments);
        logging.write(level, name, formatted == null ? "null" : formatted, throwable);
    }
}

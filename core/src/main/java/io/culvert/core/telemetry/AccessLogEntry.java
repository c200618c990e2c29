package io.culvert.core.telemetry;

import org.jspecify.annotations.Nullable;

/**
 * What one line of the access log tells; rendered by the writer's thread, not by the loop. Immutable.
 *
 * @param established whether the connection was opened: else it was refused before
 * @param sent bytes from client to server
 * @param received bytes from server to client
 */
record AccessLogEntry(
        ConnectionAttributes attributes,
        boolean established,
        long sent,
        long received,
        long durationNanos,
        CloseReason reason,
        @Nullable String detail,
        @Nullable String policy)
        implements AccessLogLine {
    @Override
    public void append(long epochMillis, StringBuilder out) {
        AccessLogFormat.append(this, epochMillis, out);
    }
}

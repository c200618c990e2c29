package io.culvert.core.telemetry;

import org.jspecify.annotations.Nullable;

/**
 * One connection from its open to its one outcome. Owned by the event loop that opened it: plain fields, no atomics;
 * a sweep on that loop carries the bytes of long connections to the metrics every few seconds.
 *
 * <p>Directions are the client's: {@code sent} went from client to server, {@code received} came back.
 */
public final class ConnectionRecord {
    private final MeshTelemetry telemetry;
    private final ConnectionAttributes attributes;
    private final TcpSeries series;
    private final long openedNanos;
    private long sent;
    private long received;
    private long flushedSent;
    private long flushedReceived;
    private boolean closed;

    // Links of the list of the owning loop.
    @Nullable
    ConnectionRecord previous;

    @Nullable
    ConnectionRecord next;

    final @Nullable LoopRecords loop;

    ConnectionRecord(
            MeshTelemetry telemetry,
            ConnectionAttributes attributes,
            TcpSeries series,
            long openedNanos,
            @Nullable LoopRecords loop) {
        this.telemetry = telemetry;
        this.attributes = attributes;
        this.series = series;
        this.openedNanos = openedNanos;
        this.loop = loop;
    }

    public ConnectionAttributes attributes() {
        return attributes;
    }

    /** {@code bytes} went from the client to the server. */
    public void sent(int bytes) {
        sent += bytes;
    }

    /** {@code bytes} went from the server to the client. */
    public void received(int bytes) {
        received += bytes;
    }

    /** Bytes from client to server so far. Another thread may read it too, and sees a value of lately. */
    public long sentBytes() {
        return sent;
    }

    /** Bytes from server to client so far. Another thread may read it too, and sees a value of lately. */
    public long receivedBytes() {
        return received;
    }

    public boolean isClosed() {
        return closed;
    }

    /** Records the outcome; only the first call counts. */
    public void close(CloseReason reason, @Nullable String detail) {
        close(reason, detail, null);
    }

    /**
     * Records the outcome: last bytes, close counters, one access-log line. Only the first call counts.
     *
     * @param detail what the operator should know beyond the reason; null for nothing
     * @param policy {@code namespace/name} of the policy that decided; null when none did
     */
    public void close(CloseReason reason, @Nullable String detail, @Nullable String policy) {
        if (closed) {
            return;
        }
        closed = true;
        flush(telemetry.nanoTime());
        telemetry.closed(this, reason, detail, policy);
    }

    /** Carries what was counted since the last time to the metrics. */
    void flush(long now) {
        series.lastUsed = now;
        if (sent != flushedSent) {
            series.received.add(sent - flushedSent);
            flushedSent = sent;
        }
        if (received != flushedReceived) {
            series.sent.add(received - flushedReceived);
            flushedReceived = received;
        }
    }

    TcpSeries series() {
        return series;
    }

    long openedNanos() {
        return openedNanos;
    }
}

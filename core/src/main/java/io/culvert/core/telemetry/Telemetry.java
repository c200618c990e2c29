package io.culvert.core.telemetry;

import org.jspecify.annotations.Nullable;

/** Where the data path reports. Any thread; nothing here blocks. */
public interface Telemetry {
    /**
     * Counts the open and returns the record that the caller closes exactly once. The record is owned by the calling
     * event loop: use it on that thread only.
     */
    ConnectionRecord open(ConnectionAttributes attributes);

    /**
     * Reports a connection that was refused before it counted as opened: one line in the log, one failure in the
     * metrics.
     *
     * @param policy the policy that decided, when one did
     */
    void refused(ConnectionAttributes attributes, CloseReason reason, @Nullable String detail, @Nullable String policy);

    /**
     * Counts a TLS handshake that failed.
     *
     * @param side who we were: SOURCE as client, DESTINATION as server
     * @param reason a label from a small fixed set, such as {@code expired} or {@code timeout}
     */
    void handshakeFailed(Reporter side, String reason);

    /** Counts an accept(2) that failed on a listener ({@code outbound}, {@code inbound_plain}, {@code hbone}). */
    void acceptFailed(String listener, String reason);

    /** Counters and gauges of other parts: register once, keep what is returned. */
    MetricsRegistry metrics();
}

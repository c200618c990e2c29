package io.culvert.core.hbone;

/**
 * Why a stream ended before both directions had finished. Immutable.
 *
 * @param kind what happened
 * @param code the HTTP/2 code of the RST_STREAM or GOAWAY, NO_ERROR where there was none
 * @param detail for a log line; names the peer where that helps
 */
public record ResetReason(Kind kind, H2Error code, String detail) {
    /** What ended the stream. */
    public enum Kind {
        /** RST_STREAM: the app on the other side reset its connection, or the peer gave the stream up. */
        PEER_RESET,
        /** The peer has sent all it had and takes no more: close the app's socket in order, it is no error. */
        PEER_DONE,
        /** The tunnel's TCP connection broke. */
        TUNNEL_LOST,
        /** The peer left a PING unanswered. */
        PING_TIMEOUT,
        /** One side broke HTTP/2, or a limit against floods was hit. */
        PROTOCOL_ERROR,
        /** The deadline of a drain passed, or the tunnel was aborted by {@code abort} or {@code close}. */
        DRAINED,
        /** A certificate of the tunnel expired and the drain after that is over. */
        EXPIRED
    }

    /** Whether the app's connection should end as by close(2) rather than by a reset. */
    public boolean clean() {
        return kind == Kind.PEER_DONE;
    }
}

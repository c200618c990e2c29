package io.culvert.waypoint.http;

/** Why an exchange ended before its end. Codecs translate it to and from what their protocol says. */
public enum StreamError {
    /** The other side gave this exchange up, and no other (RST_STREAM), or a client closed its connection. */
    CANCELLED,
    /** It was not processed: safe to send again (RST_STREAM REFUSED_STREAM, GOAWAY below its id). */
    REFUSED,
    /** The other side broke the protocol. */
    PROTOCOL,
    /** The connection was lost, or closed or reset by the other side. */
    CONNECTION_LOST,
    /** A limit of ours was reached. */
    LIMIT,
    /** A time-out of ours. */
    TIMEOUT,
    /** A fault of ours. */
    INTERNAL
}

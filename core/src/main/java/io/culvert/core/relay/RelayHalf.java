package io.culvert.core.relay;

import io.netty.buffer.ByteBuf;

/**
 * One of the two ends that a {@link Relay} joins; its methods are the relay's to call, on the loop. An end tells the
 * relay what comes in by onData, onEnd and onReset.
 */
public sealed interface RelayHalf permits RelaySocket, RelayStream {
    /** From now on everything goes to {@code relay}; reading begins with {@link #reading}. */
    void bind(Relay relay);

    /** Queues bytes for this end and takes ownership. */
    void write(ByteBuf data);

    /** Sends what is queued, now or at the end of this turn of the loop. */
    void flush();

    /** False while so much is queued that the other end should not be read. */
    boolean isWritable();

    /** Allows or stops reading; what arrives nevertheless is held here. */
    void reading(boolean on);

    /** So many of the bytes that this end delivered have left through the other one. */
    void consumed(int bytes);

    /** Ends this end's outbound direction once everything queued is sent. */
    void finish();

    /** Both directions have ended in order here. */
    boolean isDone();

    /** Ends it at once, so that the peer sees a reset. */
    void abort();

    /** Ends it in order: what is queued is sent, then it is closed in both directions. */
    void close();
}

package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;

/** What the user of a stream is told, always on the stream's event loop, never after {@link #onReset}. */
public interface HboneStreamHandler {
    /** Bytes from the peer, at most as many as credit was granted for; passes ownership. */
    void onData(ByteBuf data);

    /** The peer sent END_STREAM: no onData follows, writing is still possible. */
    void onFinished();

    /** The stream is gone in both directions, without a word from this side. Called at most once, and the last call. */
    void onReset(ResetReason reason);

    /** The queue is short again after {@link HboneStream#isWritable} was false. */
    void onWritable();

    /** Both directions have ended in order and all that was queued is written: the last call of a clean stream. */
    default void onClosed() {}
}

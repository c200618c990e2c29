package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;

/** What a {@link FrameReader} found. Frames arrive well-formed in themselves; their meaning is the sink's matter. */
interface FrameSink {
    /** A DATA frame begins; {@code length} is what it takes from the windows, padding included. */
    void onDataStart(int stream, int length, boolean endStream);

    /** A part of the current DATA frame's bytes, as they came in; passes ownership. */
    void onDataPart(ByteBuf part);

    /** The current DATA frame is complete; {@code padding} bytes of its length were no data. */
    void onDataEnd(int padding);

    /** A complete header block, CONTINUATION included; {@code block} is the reader's. */
    void onHeaders(int stream, ByteBuf block, boolean endStream);

    void onRstStream(int stream, long code);

    /** The payload of SETTINGS, a multiple of six bytes; {@code payload} is the reader's. */
    void onSettings(ByteBuf payload);

    void onSettingsAck();

    void onPing(long data, boolean ack);

    /** {@code debug} is the reader's. */
    void onGoAway(int lastStream, long code, ByteBuf debug);

    /** {@code increment} may be 0, which is an error of the stream or the connection. */
    void onWindowUpdate(int stream, int increment);

    /** A frame without meaning here: PRIORITY, or a type that we do not know. */
    void onIgnored(int stream);

    /** An error of one stream in the shape of a frame. */
    void onStreamError(int stream, H2Error error, String detail);

    /** The connection cannot be understood any more; the reader has stopped. */
    void onConnectionError(H2Error error, String detail);
}

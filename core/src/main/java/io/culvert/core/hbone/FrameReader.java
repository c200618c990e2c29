package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the byte stream of a connection into frames (RFC 9113, section 4). DATA passes through in the pieces in which it
 * was read, without waiting for the frame's end; every other frame is small and is handed over whole.
 *
 * <p>Owned by: the connection's loop.
 */
final class FrameReader {
    /** Frames of one header block beyond HEADERS; our announced frame size never needs more than a few. */
    private static final int MAX_CONTINUATIONS = 16;

    /** Of a GOAWAY with a long debug text. */
    private static final int MAX_CONTROL_PAYLOAD = 16384;

    private enum State {
        // PREFACE -> HEAD -> (PAYLOAD | SKIP | PAD_LENGTH -> DATA | DATA) -> HEAD; DATA -> PADDING -> HEAD; any ->
        // STOPPED.
        PREFACE,
        HEAD,
        PAYLOAD,
        SKIP,
        PAD_LENGTH,
        DATA,
        PADDING,
        STOPPED
    }

    private final FrameSink sink;
    private final ByteBufAllocator allocator;
    private final int maxFrame;
    private final int maxHeaderBlock;

    private State state;
    private int prefaceRead;
    private boolean settingsSeen;

    // The head of the current frame: 9 bytes, gathered as they come.
    private int headRead;
    private long headHigh;
    private int length;
    private int type;
    private int flags;
    private int stream;

    // What is left of the current frame's payload, its padding apart.
    private int left;
    private int padding;
    private int paddingLeft;
    private @Nullable ByteBuf partial;

    // The header block under way: only CONTINUATION of this stream may follow (section 6.10).
    private @Nullable ByteBuf block;
    private int blockStream;
    private boolean blockEndsStream;
    private int continuations;

    /**
     * @param expectPreface whether the peer is a client and sends the preface first
     * @param maxFrame the SETTINGS_MAX_FRAME_SIZE that we announced
     * @param maxHeaderBlock bound of an encoded header block
     */
    FrameReader(FrameSink sink, ByteBufAllocator allocator, boolean expectPreface, int maxFrame, int maxHeaderBlock) {
        this.sink = sink;
        this.allocator = allocator;
        this.maxFrame = maxFrame;
        this.maxHeaderBlock = maxHeaderBlock;
        this.state = expectPreface ? State.PREFACE : State.HEAD;
    }

    /** Reads {@code in} to its end and takes ownership of it. */
    void read(ByteBuf in) {
        boolean passedOn = false;
        try {
            while (in.isReadable() && state != State.STOPPED) {
                switch (state) {
                    case PREFACE -> readPreface(in);
                    case HEAD -> readHead(in);
                    case PAYLOAD -> readPayload(in);
                    case SKIP -> skip(in);
                    case PAD_LENGTH -> readPadLength(in);
                    case DATA -> {
                        if (left >= in.readableBytes()) {
                            // The rest of this read belongs to one frame: no slice is needed.
                            passedOn = true;
                            readWholeRest(in);
                            return;
                        }
                        int n = left;
                        left = 0;
                        sink.onDataPart(in.readRetainedSlice(n));
                        endOfData();
                    }
                    case PADDING -> readPadding(in);
                    case STOPPED -> throw new AssertionError();
                }
            }
        } finally {
            if (!passedOn) {
                in.release();
            }
        }
    }

    /** Reads nothing more; releases what was gathered. */
    void stop() {
        state = State.STOPPED;
        if (partial != null) {
            partial.release();
            partial = null;
        }
        if (block != null) {
            block.release();
            block = null;
        }
    }

    private void readWholeRest(ByteBuf in) {
        left -= in.readableBytes();
        sink.onDataPart(in);
        if (left == 0) {
            endOfData();
        }
    }

    private void readPreface(ByteBuf in) {
        while (in.isReadable() && prefaceRead < Frames.PREFACE_LENGTH) {
            if (in.readByte() != Frames.prefaceByte(prefaceRead++)) {
                fail(H2Error.PROTOCOL_ERROR, "the client's first bytes are not the HTTP/2 preface");
                return;
            }
        }
        if (prefaceRead == Frames.PREFACE_LENGTH) {
            state = State.HEAD;
        }
    }

    private void readHead(ByteBuf in) {
        if (headRead == 0 && in.readableBytes() >= Frames.HEAD_LENGTH) {
            headHigh = in.readLong();
            headRead = 8;
        }
        while (headRead < 8 && in.isReadable()) {
            headHigh = headHigh << 8 | in.readUnsignedByte();
            headRead++;
        }
        if (headRead < 8 || !in.isReadable()) {
            return;
        }
        int last = in.readUnsignedByte();
        length = (int) (headHigh >>> 40) & 0xffffff;
        type = (int) (headHigh >>> 32) & 0xff;
        flags = (int) (headHigh >>> 24) & 0xff;
        stream = ((int) headHigh << 8 | last) & 0x7fffffff;
        headRead = 0;
        headHigh = 0;
        startFrame();
    }

    private void startFrame() {
        if (length > maxFrame) {
            fail(H2Error.FRAME_SIZE_ERROR, "a frame of " + length + " bytes, announced " + maxFrame);
        } else if (!settingsSeen && (type != Frames.SETTINGS || (flags & Frames.ACK) != 0)) {
            fail(H2Error.PROTOCOL_ERROR, "the first frame is not SETTINGS");
        } else if (block != null && (type != Frames.CONTINUATION || stream != blockStream)) {
            fail(H2Error.PROTOCOL_ERROR, "a header block is interrupted");
        } else if (type == Frames.DATA) {
            startData();
        } else if (type > Frames.CONTINUATION) {
            left = length;
            state = State.SKIP;
            if (length == 0) {
                endOfSkipped();
            }
        } else if (type != Frames.HEADERS && type != Frames.CONTINUATION && length > MAX_CONTROL_PAYLOAD) {
            fail(H2Error.ENHANCE_YOUR_CALM, "a control frame of " + length + " bytes");
        } else {
            settingsSeen = true;
            left = length;
            state = State.PAYLOAD;
            if (length == 0) {
                payload(Unpooled.EMPTY_BUFFER);
            }
        }
    }

    private void startData() {
        if (stream == 0) {
            fail(H2Error.PROTOCOL_ERROR, "DATA on stream 0");
            return;
        }
        padding = 0;
        paddingLeft = 0;
        left = length;
        sink.onDataStart(stream, length, (flags & Frames.END_STREAM) != 0);
        if (state == State.STOPPED) {
            return;
        }
        if ((flags & Frames.PADDED) != 0) {
            if (length == 0) {
                fail(H2Error.FRAME_SIZE_ERROR, "padded DATA without a pad length");
            } else {
                state = State.PAD_LENGTH;
            }
        } else {
            state = State.DATA;
            if (left == 0) {
                endOfData();
            }
        }
    }

    private void readPadLength(ByteBuf in) {
        int pad = in.readUnsignedByte();
        left--;
        if (pad > left) {
            fail(H2Error.PROTOCOL_ERROR, "more padding than DATA has room for");
            return;
        }
        left -= pad;
        padding = pad + 1;
        paddingLeft = pad;
        state = State.DATA;
        if (left == 0) {
            endOfData();
        }
    }

    private void endOfData() {
        if (state == State.STOPPED) {
            return;
        }
        if (paddingLeft > 0) {
            state = State.PADDING;
        } else {
            state = State.HEAD;
            sink.onDataEnd(padding);
        }
    }

    private void readPadding(ByteBuf in) {
        int n = Math.min(paddingLeft, in.readableBytes());
        in.skipBytes(n);
        paddingLeft -= n;
        endOfData();
    }

    private void skip(ByteBuf in) {
        int n = Math.min(left, in.readableBytes());
        in.skipBytes(n);
        left -= n;
        if (left == 0) {
            endOfSkipped();
        }
    }

    /** Frames of types that we do not know are ignored (section 4.1). */
    private void endOfSkipped() {
        state = State.HEAD;
        sink.onIgnored(stream);
    }

    private void readPayload(ByteBuf in) {
        if (partial == null && in.readableBytes() >= left) {
            payload(in.readSlice(left));
            return;
        }
        if (partial == null) {
            // Grows with what comes, not with what the head claims.
            partial = allocator.buffer(Math.min(left, 1024), left);
        }
        int n = Math.min(left, in.readableBytes());
        partial.writeBytes(in, n);
        left -= n;
        if (left == 0) {
            ByteBuf whole = partial;
            partial = null;
            try {
                payload(whole);
            } finally {
                whole.release();
            }
        }
    }

    private void payload(ByteBuf in) {
        state = State.HEAD;
        switch (type) {
            case Frames.HEADERS -> headers(in);
            case Frames.CONTINUATION -> continuation(in);
            case Frames.RST_STREAM -> {
                if (stream == 0) {
                    fail(H2Error.PROTOCOL_ERROR, "RST_STREAM on stream 0");
                } else if (length != 4) {
                    fail(H2Error.FRAME_SIZE_ERROR, "RST_STREAM of " + length + " bytes");
                } else {
                    sink.onRstStream(stream, in.readUnsignedInt());
                }
            }
            case Frames.SETTINGS -> settings(in);
            case Frames.PING -> {
                if (stream != 0) {
                    fail(H2Error.PROTOCOL_ERROR, "PING on stream " + stream);
                } else if (length != 8) {
                    fail(H2Error.FRAME_SIZE_ERROR, "PING of " + length + " bytes");
                } else {
                    sink.onPing(in.readLong(), (flags & Frames.ACK) != 0);
                }
            }
            case Frames.GOAWAY -> {
                if (stream != 0) {
                    fail(H2Error.PROTOCOL_ERROR, "GOAWAY on stream " + stream);
                } else if (length < 8) {
                    fail(H2Error.FRAME_SIZE_ERROR, "GOAWAY of " + length + " bytes");
                } else {
                    sink.onGoAway(in.readInt() & 0x7fffffff, in.readUnsignedInt(), in);
                }
            }
            case Frames.WINDOW_UPDATE -> {
                if (length != 4) {
                    fail(H2Error.FRAME_SIZE_ERROR, "WINDOW_UPDATE of " + length + " bytes");
                } else {
                    sink.onWindowUpdate(stream, in.readInt() & 0x7fffffff);
                }
            }
            case Frames.PUSH_PROMISE -> fail(H2Error.PROTOCOL_ERROR, "PUSH_PROMISE, which is disabled");
            case Frames.PRIORITY -> {
                if (stream == 0) {
                    fail(H2Error.PROTOCOL_ERROR, "PRIORITY on stream 0");
                } else if (length != 5) {
                    sink.onStreamError(stream, H2Error.FRAME_SIZE_ERROR, "PRIORITY of " + length + " bytes");
                } else {
                    sink.onIgnored(stream);
                }
            }
            default -> throw new AssertionError("frame type " + type);
        }
    }

    private void settings(ByteBuf in) {
        if (stream != 0) {
            fail(H2Error.PROTOCOL_ERROR, "SETTINGS on stream " + stream);
        } else if ((flags & Frames.ACK) != 0) {
            if (length != 0) {
                fail(H2Error.FRAME_SIZE_ERROR, "an acknowledgement of SETTINGS with a payload");
            } else {
                sink.onSettingsAck();
            }
        } else if (length % Frames.SETTING_LENGTH != 0) {
            fail(H2Error.FRAME_SIZE_ERROR, "SETTINGS of " + length + " bytes");
        } else {
            sink.onSettings(in);
        }
    }

    private void headers(ByteBuf in) {
        if (stream == 0) {
            fail(H2Error.PROTOCOL_ERROR, "HEADERS on stream 0");
            return;
        }
        int pad = 0;
        int fields = ((flags & Frames.PADDED) != 0 ? 1 : 0) + ((flags & Frames.PRIORITY_FIELDS) != 0 ? 5 : 0);
        if (length < fields) {
            fail(H2Error.FRAME_SIZE_ERROR, "HEADERS too short for its flags");
            return;
        }
        if ((flags & Frames.PADDED) != 0) {
            pad = in.readUnsignedByte();
        }
        if ((flags & Frames.PRIORITY_FIELDS) != 0) {
            in.skipBytes(5);
        }
        if (pad > in.readableBytes()) {
            fail(H2Error.PROTOCOL_ERROR, "more padding than HEADERS has room for");
            return;
        }
        ByteBuf fragment = in.readSlice(in.readableBytes() - pad);
        boolean endStream = (flags & Frames.END_STREAM) != 0;
        if ((flags & Frames.END_HEADERS) != 0) {
            sink.onHeaders(stream, fragment, endStream);
        } else {
            blockStream = stream;
            blockEndsStream = endStream;
            continuations = 0;
            block = allocator.buffer(Math.max(256, fragment.readableBytes()));
            append(block, fragment);
        }
    }

    private void continuation(ByteBuf in) {
        if (block == null) {
            fail(H2Error.PROTOCOL_ERROR, "CONTINUATION without HEADERS");
        } else if (++continuations > MAX_CONTINUATIONS) {
            fail(H2Error.ENHANCE_YOUR_CALM, "more than " + MAX_CONTINUATIONS + " CONTINUATION frames");
        } else if (append(block, in) && (flags & Frames.END_HEADERS) != 0) {
            ByteBuf whole = block;
            block = null;
            try {
                sink.onHeaders(blockStream, whole, blockEndsStream);
            } finally {
                whole.release();
            }
        }
    }

    private boolean append(ByteBuf to, ByteBuf fragment) {
        if (to.readableBytes() + fragment.readableBytes() > maxHeaderBlock) {
            fail(H2Error.ENHANCE_YOUR_CALM, "a header block of more than " + maxHeaderBlock + " bytes");
            return false;
        }
        to.writeBytes(fragment);
        return true;
    }

    private void fail(H2Error error, String detail) {
        stop();
        sink.onConnectionError(error, detail);
    }
}

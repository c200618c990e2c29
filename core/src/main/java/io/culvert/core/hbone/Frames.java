package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.CharsetUtil;

/** Frame types, flags and settings of RFC 9113 sections 4 and 6, and the frames that carry no app data. Any thread. */
final class Frames {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    static final int ACK = 0x1;
    static final int END_STREAM = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;
    static final int PRIORITY_FIELDS = 0x20;

    static final int SETTINGS_HEADER_TABLE_SIZE = 1;
    static final int SETTINGS_ENABLE_PUSH = 2;
    static final int SETTINGS_MAX_CONCURRENT_STREAMS = 3;
    static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;
    static final int SETTINGS_MAX_FRAME_SIZE = 5;
    static final int SETTINGS_MAX_HEADER_LIST_SIZE = 6;
    static final int SETTING_LENGTH = 6;

    static final int HEAD_LENGTH = 9;
    static final int DEFAULT_WINDOW = 65535;
    static final int DEFAULT_MAX_FRAME = 16384;
    static final int MAX_STREAM_ID = Integer.MAX_VALUE;

    private static final ByteBuf PREFACE = Unpooled.unreleasableBuffer(Unpooled.directBuffer(24)
                    .writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(CharsetUtil.US_ASCII)))
            .asReadOnly();

    static final int PREFACE_LENGTH = 24;

    private Frames() {}

    /** The client connection preface (section 3.4), for a single write. */
    static ByteBuf preface() {
        return PREFACE.duplicate();
    }

    /** Byte {@code i} of the client connection preface. */
    static byte prefaceByte(int i) {
        return PREFACE.getByte(i);
    }

    static ByteBuf head(ByteBuf out, int length, int type, int flags, int stream) {
        return out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    static ByteBuf settings(ByteBufAllocator allocator, int... idsAndValues) {
        int length = idsAndValues.length / 2 * SETTING_LENGTH;
        ByteBuf out = head(allocator.directBuffer(HEAD_LENGTH + length), length, SETTINGS, 0, 0);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            out.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
        return out;
    }

    static ByteBuf settingsAck(ByteBufAllocator allocator) {
        return head(allocator.directBuffer(HEAD_LENGTH), 0, SETTINGS, ACK, 0);
    }

    static ByteBuf ping(ByteBufAllocator allocator, boolean ack, long data) {
        return head(allocator.directBuffer(HEAD_LENGTH + 8), 8, PING, ack ? ACK : 0, 0)
                .writeLong(data);
    }

    static ByteBuf rstStream(ByteBufAllocator allocator, int stream, H2Error error) {
        return head(allocator.directBuffer(HEAD_LENGTH + 4), 4, RST_STREAM, 0, stream)
                .writeInt(error.code());
    }

    static ByteBuf windowUpdate(ByteBufAllocator allocator, int stream, int increment) {
        return head(allocator.directBuffer(HEAD_LENGTH + 4), 4, WINDOW_UPDATE, 0, stream)
                .writeInt(increment);
    }

    static ByteBuf goAway(ByteBufAllocator allocator, int lastStream, H2Error error, String detail) {
        int length = 8 + ByteBufUtil.utf8Bytes(detail);
        ByteBuf out = head(allocator.directBuffer(HEAD_LENGTH + length), length, GOAWAY, 0, 0)
                .writeInt(lastStream)
                .writeInt(error.code());
        ByteBufUtil.writeUtf8(out, detail);
        return out;
    }
}

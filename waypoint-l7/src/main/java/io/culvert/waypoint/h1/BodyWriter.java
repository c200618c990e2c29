package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Frames the body of the message that is being sent. Owned by the connection's loop. */
final class BodyWriter {
    private static final int CHUNK_OVERHEAD = 20;
    private static final int CRLF = ('\r' << 8) | '\n';
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private enum Mode {
        /** What is written is dropped. */
        NONE,
        LENGTH,
        CHUNKED,
        /** Bytes of another protocol. */
        RAW
    }

    private Mode mode = Mode.NONE;
    private long remaining;
    private long announced;

    /** How a message says where its body ends. */
    enum Framing {
        /** Says nothing. */
        NONE,
        /** By {@link #announced}. */
        LENGTH,
        CHUNKED
    }

    /** The length that the head that begins the body is to say. */
    long announced() {
        return announced;
    }

    /** Begins the body of a request. */
    Framing request(RequestHead head, boolean end) {
        long length = length(head.fields());
        if (!end) {
            return begin(length);
        }
        boolean says = length == 0
                || switch (head.method()) {
                    case "POST", "PUT", "PATCH" -> true;
                    default -> false;
                };
        return none(0, says);
    }

    /** Begins the body of the final response to a request. */
    Framing response(String method, ResponseHead head, boolean end) {
        long length = length(head.fields());
        int status = head.status();
        if (method.equals("HEAD") || status == 204 || status == 304) {
            return none(length, status != 204 && length >= 0);
        }
        return begin(end ? Math.max(length, 0) : length);
    }

    private Framing none(long length, boolean says) {
        mode = Mode.NONE;
        remaining = 0;
        announced = length;
        return says ? Framing.LENGTH : Framing.NONE;
    }

    private Framing begin(long length) {
        mode = length < 0 ? Mode.CHUNKED : Mode.LENGTH;
        remaining = Math.max(length, 0);
        announced = length;
        return length < 0 ? Framing.CHUNKED : Framing.LENGTH;
    }

    /** What the inside announces came from a codec or from a rule; what is no number is not believed. */
    private static long length(Fields fields) {
        String text = fields.get("content-length");
        if (text == null || text.isEmpty()) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    void raw() {
        mode = Mode.RAW;
        remaining = 0;
    }

    /**
     * Sends a part and takes ownership.
     *
     * @return false when it is more than the head announced: nothing was sent
     */
    boolean write(ByteBuf data, Outbox out) {
        int size = data.readableBytes();
        if (mode == Mode.NONE || size == 0) {
            data.release();
            return true;
        }
        if (mode == Mode.RAW) {
            out.write(data);
            return true;
        }
        if (mode == Mode.LENGTH) {
            if (size > remaining) {
                data.release();
                return false;
            }
            remaining -= size;
            out.write(data);
            return true;
        }
        ByteBuf line = out.room(CHUNK_OVERHEAD + Math.min(size, 1024));
        int shift = 28 - (Integer.numberOfLeadingZeros(size) & ~3);
        for (; shift >= 0; shift -= 4) {
            line.writeByte(HEX[(size >>> shift) & 15]);
        }
        line.writeShort(CRLF);
        out.write(data);
        out.room(2).writeShort(CRLF);
        return true;
    }

    /**
     * Ends the body.
     *
     * @return false when it is less than the head announced
     */
    boolean end(@Nullable Fields trailers, Outbox out) {
        if (mode == Mode.CHUNKED) {
            HeadWriter.ofThread().lastChunk(trailers, out);
        }
        return mode != Mode.LENGTH || remaining == 0;
    }
}

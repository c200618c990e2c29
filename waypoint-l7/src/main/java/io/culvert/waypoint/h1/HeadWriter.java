package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes heads in the one form that they have here, whatever they came as: lower-case names, one length. Nothing that a
 * rewrite or a header rule left in a string can end a line. One for each loop: owned by the thread.
 */
final class HeadWriter {
    private static final FastThreadLocal<HeadWriter> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected HeadWriter initialValue() {
            return new HeadWriter();
        }
    };

    private static final byte[][] STATUS_LINES = new byte[600][];
    private static final byte[] REQUEST_END = ascii(" HTTP/1.1\r\nhost: ");
    private static final byte[] CLOSE = ascii("connection: close\r\n");
    private static final byte[] CHUNKED = ascii("transfer-encoding: chunked\r\n");
    private static final byte[] LENGTH = ascii("content-length: ");
    private static final byte[] UPGRADE = ascii("connection: upgrade\r\nupgrade: ");
    private static final byte[] TE = ascii("connection: te\r\nte: trailers\r\n");
    private static final byte[] TE_UPGRADE = ascii("te: trailers\r\nconnection: te, upgrade\r\nupgrade: ");
    private static final byte[] CRLF = ascii("\r\n");
    private static final byte[] HEX = ascii("0123456789ABCDEF");

    static {
        for (int status = 100; status < 600; status++) {
            String reason = HttpResponseStatus.valueOf(status).reasonPhrase();
            STATUS_LINES[status] =
                    ascii("HTTP/1.1 " + status + " " + (reason.startsWith("Unknown") ? "" : reason) + "\r\n");
        }
    }

    private byte[] bytes = new byte[2048];
    private int size;

    private HeadWriter() {}

    static HeadWriter ofThread() {
        return OF_THREAD.get();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Writes a status line and fields. */
    void response(
            int status,
            Fields fields,
            BodyWriter.Framing framing,
            long length,
            boolean close,
            String upgrade,
            Outbox out) {
        size = 0;
        raw(STATUS_LINES[status]);
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i);
            switch (name) {
                case "content-length",
                        "transfer-encoding",
                        "connection",
                        "keep-alive",
                        "proxy-connection",
                        "upgrade",
                        "te" -> {}
                default -> field(name, fields.value(i));
            }
        }
        framing(framing, length);
        if (!upgrade.isEmpty()) {
            raw(UPGRADE);
            value(upgrade);
            raw(CRLF);
        } else if (close) {
            raw(CLOSE);
        }
        raw(CRLF);
        out.room(size).writeBytes(bytes, 0, size);
    }

    /** Writes a request line and fields. */
    void request(RequestHead head, BodyWriter.Framing framing, long length, Outbox out) {
        size = 0;
        value(head.method());
        room(1);
        bytes[size++] = ' ';
        target(head.path());
        raw(REQUEST_END);
        value(head.authority());
        raw(CRLF);
        Fields fields = head.fields();
        boolean cookies = false;
        boolean trailers = false;
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i);
            switch (name) {
                case "content-length",
                        "transfer-encoding",
                        "connection",
                        "keep-alive",
                        "proxy-connection",
                        "upgrade",
                        "host" -> {}
                case "te" -> trailers = true;
                case "cookie" -> {
                    if (!cookies) {
                        cookies = true;
                        field(name, cookies(fields, i));
                    }
                }
                default -> field(name, fields.value(i));
            }
        }
        framing(framing, length);
        if (!head.upgrade().isEmpty()) {
            raw(trailers ? TE_UPGRADE : UPGRADE);
            value(head.upgrade());
            raw(CRLF);
        } else if (trailers) {
            raw(TE);
        }
        raw(CRLF);
        out.room(size).writeBytes(bytes, 0, size);
    }

    /** Writes the end of a chunked body. */
    void lastChunk(@Nullable Fields trailers, Outbox out) {
        size = 0;
        room(3);
        bytes[size++] = '0';
        raw(CRLF);
        if (trailers != null) {
            for (int i = 0; i < trailers.size(); i++) {
                if (FieldRules.trailer(trailers.name(i)) == FieldRules.TrailerRule.KEEP) {
                    field(trailers.name(i), trailers.value(i));
                }
            }
        }
        raw(CRLF);
        out.room(size).writeBytes(bytes, 0, size);
    }

    /** HTTP/2 may split cookies over fields, HTTP/1.1 may not (RFC 9113, section 8.2.3). */
    private static String cookies(Fields fields, int first) {
        StringBuilder all = null;
        for (int i = first + 1; i < fields.size(); i++) {
            if (fields.name(i).equals("cookie")) {
                all = all == null ? new StringBuilder(fields.value(first)) : all;
                all.append("; ").append(fields.value(i));
            }
        }
        return all == null ? fields.value(first) : all.toString();
    }

    private void framing(BodyWriter.Framing framing, long length) {
        switch (framing) {
            case NONE -> {}
            case CHUNKED -> raw(CHUNKED);
            case LENGTH -> {
                raw(LENGTH);
                value(Long.toString(length));
                raw(CRLF);
            }
        }
    }

    private void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }

    private void raw(byte[] text) {
        room(text.length);
        System.arraycopy(text, 0, bytes, size, text.length);
        size += text.length;
    }

    /** A field whose name is no token is left out: it could not be told from an attack. */
    private void field(String name, String value) {
        int length = name.length();
        room(length + 4);
        int start = size;
        for (int i = 0; i < length; i++) {
            byte lower = FieldRules.lowerToken(name.charAt(i));
            if (lower == 0) {
                size = start;
                return;
            }
            bytes[size++] = lower;
        }
        bytes[size++] = ':';
        bytes[size++] = ' ';
        value(value);
        raw(CRLF);
    }

    /** Controls become spaces, as RFC 9110, section 5.5, has it. */
    private void value(String text) {
        int length = text.length();
        room(length);
        byte[] to = bytes;
        int at = size;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            to[at++] = FieldRules.isValueChar(c) ? (byte) c : c > 0xff ? (byte) '?' : (byte) ' ';
        }
        size = at;
    }

    /** What a target cannot hold is percent-encoded. */
    private void target(String text) {
        int length = text.length();
        room(3 * length);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c > ' ' && c < 0x7f) {
                bytes[size++] = (byte) c;
            } else if (c > 0xff) {
                for (byte b : String.valueOf(c).getBytes(StandardCharsets.UTF_8)) {
                    room(3 * (length - i) + 9);
                    escape(b & 0xff);
                }
            } else {
                escape(c);
            }
        }
    }

    private void escape(int value) {
        bytes[size++] = '%';
        bytes[size++] = HEX[value >> 4];
        bytes[size++] = HEX[value & 15];
    }
}

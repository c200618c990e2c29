package io.culvert.waypoint.tunnel;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the server name out of the first bytes of a TLS connection (RFC 8446, section 4.1.2; RFC 6066, section 3),
 * without changing them. The message may be spread over records (RFC 8446, section 5.1) and reads.
 */
sealed interface ClientHello {
    /** What is not complete by then is not a ClientHello. */
    int LIMIT = 16 << 10;

    /** It is one; {@code serverName} in lower case, "" when it names none. */
    record Found(String serverName) implements ClientHello {}

    /** It may become one. */
    record More() implements ClientHello {}

    /** It is none. */
    record Malformed(String reason) implements ClientHello {}

    /** What the readable bytes are. */
    static ClientHello parse(ByteBuf bytes) {
        Parser parser = new Parser(bytes);
        try {
            ClientHello result = parser.parse();
            return result instanceof More && bytes.readableBytes() >= LIMIT
                    ? new Malformed("longer than " + LIMIT + " bytes")
                    : result;
        } catch (IndexOutOfBoundsException e) {
            // Lengths are held against each other before they are used: a fault of this parser must refuse one client.
            return new Malformed("lengths do not fit");
        }
    }

    /** Walks through the message, record by record. */
    final class Parser {
        private static final int HANDSHAKE = 22;
        private static final int CLIENT_HELLO = 1;
        private static final int SERVER_NAME = 0;
        private static final int HOST_NAME = 0;
        private static final int MAX_RECORD = 1 << 14;
        private static final int VERSION_AND_RANDOM = 34;

        private final ByteBuf in;
        private byte[] message = new byte[512];
        private int length;
        private int at;

        Parser(ByteBuf in) {
            this.in = in;
        }

        ClientHello parse() {
            Malformed wrong = gather();
            if (wrong != null) {
                return wrong;
            }
            if (length < 4) {
                return length > 0 && message[0] != CLIENT_HELLO ? notHello() : new More();
            }
            if (message[0] != CLIENT_HELLO) {
                return notHello();
            }
            int body = u24(1);
            if (body > LIMIT) {
                return new Malformed("a ClientHello of " + body + " bytes");
            }
            if (length - 4 < body) {
                return new More();
            }
            length = 4 + body;
            return body();
        }

        private static Malformed notHello() {
            return new Malformed("the first message is no ClientHello");
        }

        /** The handshake messages of all records that are there, joined. */
        private @Nullable Malformed gather() {
            int pos = in.readerIndex();
            int end = in.writerIndex();
            while (pos < end) {
                if (in.getUnsignedByte(pos) != HANDSHAKE || (pos + 1 < end && in.getUnsignedByte(pos + 1) != 3)) {
                    return new Malformed("no TLS handshake record");
                }
                if (end - pos < 5) {
                    return null;
                }
                int fragment = in.getUnsignedShort(pos + 3);
                if (fragment == 0 || fragment > MAX_RECORD) {
                    return new Malformed("a handshake record of " + fragment + " bytes");
                }
                int there = Math.min(fragment, end - pos - 5);
                append(pos + 5, there);
                if (length >= 4 && length >= 4 + u24(1)) {
                    return null;
                }
                pos += 5 + fragment;
            }
            return null;
        }

        private void append(int from, int bytes) {
            if (length + bytes > message.length) {
                message = java.util.Arrays.copyOf(message, Math.max(length + bytes, message.length * 2));
            }
            in.getBytes(from, message, length, bytes);
            length += bytes;
        }

        private ClientHello body() {
            at = 4 + VERSION_AND_RANDOM;
            // legacy_session_id, cipher_suites, legacy_compression_methods
            if (!skip(1) || !skip(2) || !skip(1)) {
                return new Malformed("it ends within its fields");
            }
            if (at == length) {
                return new Found("");
            }
            if (length - at < 2 || u16(at) != length - at - 2) {
                return new Malformed("its extensions do not fill it");
            }
            at += 2;
            while (at < length) {
                if (length - at < 4 || u16(at + 2) > length - at - 4) {
                    return new Malformed("an extension reaches beyond its end");
                }
                int type = u16(at);
                int size = u16(at + 2);
                at += 4;
                if (type == SERVER_NAME) {
                    return serverName(at, at + size);
                }
                at += size;
            }
            return new Found("");
        }

        /** Steps over a vector whose length is written in {@code width} bytes; false when it is not all there. */
        private boolean skip(int width) {
            if (at + width > length) {
                return false;
            }
            at += width + (width == 1 ? message[at] & 0xff : u16(at));
            return at <= length;
        }

        private ClientHello serverName(int from, int end) {
            if (end - from < 2 || u16(from) != end - from - 2) {
                return new Malformed("its server name list has a wrong length");
            }
            int pos = from + 2;
            while (pos < end) {
                if (end - pos < 3 || u16(pos + 1) > end - pos - 3) {
                    return new Malformed("a server name reaches beyond its list");
                }
                int size = u16(pos + 1);
                if (message[pos] == HOST_NAME) {
                    return name(new String(message, pos + 3, size, StandardCharsets.ISO_8859_1));
                }
                pos += 3 + size;
            }
            return new Found("");
        }

        private static ClientHello name(String text) {
            if (text.isEmpty() || text.length() > 255) {
                return new Malformed("a server name of " + text.length() + " bytes");
            }
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                boolean good = (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '-'
                        || c == '_'
                        || c == '.';
                if (!good) {
                    return new Malformed("its server name is no host name");
                }
            }
            String lower = text.toLowerCase(Locale.ROOT);
            return new Found(lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower);
        }

        private int u16(int index) {
            return (message[index] & 0xff) << 8 | (message[index + 1] & 0xff);
        }

        private int u24(int index) {
            return (message[index] & 0xff) << 16 | u16(index + 1);
        }
    }
}

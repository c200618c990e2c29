package io.culvert.waypoint.tunnel;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** What the first bytes of a connection say of its protocol, without changing them. */
sealed interface FirstBytes {
    /** Most that is looked at. */
    int LIMIT = ClientHello.LIMIT;

    /** HTTP/1: a request line has begun that only HTTP has. */
    record Http1() implements FirstBytes {}

    /** HTTP/2: its connection preface (RFC 9113, section 3.4). */
    record Http2() implements FirstBytes {}

    /** TLS; "" without a server name. */
    record Tls(String serverName) implements FirstBytes {}

    /** None of them. */
    record Other() implements FirstBytes {}

    /** It takes more bytes to say. */
    record More() implements FirstBytes {}

    /** The protocol among all. */
    static FirstBytes of(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            return new More();
        }
        if (bytes.getByte(bytes.readerIndex()) == Looks.TLS_HANDSHAKE) {
            return tls(bytes);
        }
        return switch (Looks.preface(bytes)) {
            case YES -> new Http2();
            case MAYBE -> new More();
            case NO -> Looks.requestLine(bytes);
        };
    }

    /** HTTP/1 or HTTP/2, where it is known to be one of them. */
    static FirstBytes ofHttp(ByteBuf bytes) {
        return switch (Looks.preface(bytes)) {
            case YES -> new Http2();
            case MAYBE -> new More();
            case NO -> new Http1();
        };
    }

    /** TLS, where it should be. */
    static FirstBytes ofTls(ByteBuf bytes) {
        return bytes.isReadable() ? tls(bytes) : new More();
    }

    private static FirstBytes tls(ByteBuf bytes) {
        return switch (ClientHello.parse(bytes)) {
            case ClientHello.Found(String serverName) -> new Tls(serverName);
            case ClientHello.More _ -> new More();
            case ClientHello.Malformed _ -> new Other();
        };
    }

    /** The looks at bytes. */
    final class Looks {
        static final int TLS_HANDSHAKE = 22;
        private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        private static final byte[] VERSION = " HTTP/1.".getBytes(StandardCharsets.US_ASCII);
        private static final int LONGEST_METHOD = 24;

        /** The answers. */
        enum Answer {
            YES,
            NO,
            MAYBE
        }

        private Looks() {}

        static Answer preface(ByteBuf bytes) {
            int there = Math.min(bytes.readableBytes(), PREFACE.length);
            for (int i = 0; i < there; i++) {
                if (bytes.getByte(bytes.readerIndex() + i) != PREFACE[i]) {
                    return Answer.NO;
                }
            }
            return there == PREFACE.length ? Answer.YES : Answer.MAYBE;
        }

        /** Method, a target, and HTTP/1 at the line's end: other protocols of text have the first two as well. */
        static FirstBytes requestLine(ByteBuf bytes) {
            int from = bytes.readerIndex();
            int end = bytes.writerIndex();
            int space = from;
            while (space < end && isMethod(bytes.getByte(space))) {
                space++;
            }
            if (space - from > LONGEST_METHOD || (space < end && (space == from || bytes.getByte(space) != ' '))) {
                return new Other();
            }
            int line = bytes.indexOf(space, end, (byte) '\n');
            if (line < 0) {
                return bytes.readableBytes() < LIMIT ? new More() : longLine(bytes, space);
            }
            int last = bytes.getByte(line - 1) == '\r' ? line - 1 : line;
            // " HTTP/1.x"
            int version = last - VERSION.length - 1;
            return version >= space && matches(bytes, version) ? new Http1() : new Other();
        }

        private static boolean matches(ByteBuf bytes, int version) {
            for (int i = 0; i < VERSION.length; i++) {
                if (bytes.getByte(version + i) != VERSION[i]) {
                    return false;
                }
            }
            return true;
        }

        /** Too long a target is for the HTTP codec to refuse. */
        private static FirstBytes longLine(ByteBuf bytes, int space) {
            return bytes.getByte(space + 1) == '/' ? new Http1() : new Other();
        }

        private static boolean isMethod(byte c) {
            return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        }
    }
}

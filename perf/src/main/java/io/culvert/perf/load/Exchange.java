package io.culvert.perf.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** What a request is, and how the end of its answer is seen. Immutable; its readers belong to one connection each. */
public sealed interface Exchange {
    /** The bytes of a request, shared by all: to be duplicated, not consumed. */
    ByteBuf request();

    /** Sees the ends of answers on one connection. */
    Reader newReader();

    /** Counts the bytes of answers. Owned by the connection's loop. */
    interface Reader {
        /**
         * Takes what arrived and returns true when the answer that is read has ended with it.
         *
         * @throws BadAnswerException when it is no answer to the request
         */
        boolean read(ByteBuf data);
    }

    /** The other end answered something else than what was asked for. */
    final class BadAnswerException extends RuntimeException {
        private static final long serialVersionUID = 1;

        BadAnswerException(String message) {
            super(message, null, false, false);
        }
    }

    /** {@code size} bytes that come back as they are. */
    static Exchange echo(int size) {
        return new Echo(Unpooled.unreleasableBuffer(
                Unpooled.directBuffer(size, size).writeZero(size).asReadOnly()));
    }

    /** GET /, answered by HTTP/1.1 200 with a Content-Length. {@code close} asks for the connection's end after it. */
    static Exchange http(String host, boolean close) {
        byte[] text = ("GET / HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: culvert-bench\r\n"
                        + (close ? "Connection: close\r\n\r\n" : "\r\n"))
                .getBytes(StandardCharsets.US_ASCII);
        ByteBuf request = Unpooled.directBuffer(text.length, text.length).writeBytes(text);
        return new Http(Unpooled.unreleasableBuffer(request.asReadOnly()));
    }

    /** See {@link #echo}. */
    record Echo(ByteBuf request) implements Exchange {
        @Override
        public Reader newReader() {
            int size = request.readableBytes();
            return new Reader() {
                private int missing = size;

                @Override
                public boolean read(ByteBuf data) {
                    missing -= data.readableBytes();
                    if (missing < 0) {
                        throw new BadAnswerException("more bytes came back than were sent");
                    }
                    if (missing > 0) {
                        return false;
                    }
                    missing = size;
                    return true;
                }
            };
        }
    }

    /** See {@link #http}. */
    record Http(ByteBuf request) implements Exchange {
        @Override
        public Reader newReader() {
            return new HttpReader();
        }
    }

    /** Reads heads of at most 1 KiB and counts bodies. A head is searched by bytes: the load should cost little. */
    final class HttpReader implements Reader {
        private static final int HEAD_LIMIT = 1024;
        private static final byte[] STATUS = "HTTP/1.1 200 ".getBytes(StandardCharsets.US_ASCII);
        private static final byte[] LENGTH = "\r\ncontent-length: ".getBytes(StandardCharsets.US_ASCII);

        private final byte[] head = new byte[HEAD_LIMIT];
        private int headLength;
        private long bodyMissing = -1;

        @Override
        public boolean read(ByteBuf data) {
            while (bodyMissing < 0) {
                if (!data.isReadable()) {
                    return false;
                }
                if (headLength == HEAD_LIMIT) {
                    throw new BadAnswerException("the answer's head is longer than " + HEAD_LIMIT + " bytes");
                }
                head[headLength++] = data.readByte();
                if (headLength >= 4
                        && head[headLength - 1] == '\n'
                        && head[headLength - 2] == '\r'
                        && head[headLength - 3] == '\n') {
                    bodyMissing = parse();
                }
            }
            bodyMissing -= data.readableBytes();
            if (bodyMissing < 0) {
                throw new BadAnswerException("the answer is longer than its Content-Length");
            }
            if (bodyMissing > 0) {
                return false;
            }
            bodyMissing = -1;
            headLength = 0;
            return true;
        }

        private long parse() {
            if (!has(STATUS, 0)) {
                String text = new String(head, 0, headLength, StandardCharsets.ISO_8859_1);
                throw new BadAnswerException(
                        "answered " + text.lines().findFirst().orElse(""));
            }
            for (int at = STATUS.length; at < headLength - LENGTH.length; at++) {
                if (has(LENGTH, at)) {
                    long length = 0;
                    for (int i = at + LENGTH.length; head[i] >= '0' && head[i] <= '9'; i++) {
                        length = length * 10 + (head[i] - '0');
                    }
                    return length;
                }
            }
            throw new BadAnswerException("the answer has no Content-Length");
        }

        private boolean has(byte[] lower, int at) {
            for (int i = 0; i < lower.length; i++) {
                byte b = head[at + i];
                if (b != lower[i] && (b < 'A' || b > 'Z' || b + 32 != lower[i])) {
                    return false;
                }
            }
            return true;
        }
    }
}

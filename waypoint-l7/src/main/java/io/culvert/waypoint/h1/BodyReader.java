package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.Fields;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a message's body out of the bytes of a connection, as they come; it never wants bytes kept for later. Owned by
 * the connection's loop.
 */
final class BodyReader {
    private static final int MAX_SIZE_DIGITS = 15;
    /** Of one chunk; what a whole body may waste on extensions grows with its data. */
    private static final int MAX_EXTENSION = 256;

    private static final int MAX_EXTENSIONS = 16 * 1024;

    private enum State {
        NONE,
        LENGTH,
        UNTIL_CLOSE,
        SIZE,
        EXTENSION,
        SIZE_LF,
        CHUNK,
        CHUNK_CR,
        CHUNK_LF,
        TRAILERS,
        DONE
    }

    /** Where in a chunk's extension we are. */
    private enum Part {
        NAME_START,
        NAME,
        VALUE_START,
        TOKEN,
        QUOTED,
        ESCAPED,
        QUOTED_END,
        WRONG
    }

    private final int maxTrailerBytes;
    private final int maxTrailers;

    private State state = State.NONE;
    private long remaining;
    private int digits;
    private int extension;
    private Part part = Part.NAME_START;
    private long extensions;
    private long received;
    private byte[] trailerBytes = new byte[0];
    private int trailerSize;
    private int trailerLine;
    private @Nullable Fields trailers;
    private @Nullable Fault fault;

    BodyReader(int maxTrailerBytes, int maxTrailers) {
        this.maxTrailerBytes = maxTrailerBytes;
        this.maxTrailers = maxTrailers;
    }

    void length(long length) {
        begin(length == 0 ? State.DONE : State.LENGTH, length);
    }

    void chunked() {
        begin(State.SIZE, 0);
    }

    /**
     * Begins the body of a response.
     *
     * @return whether it has an end besides that of the connection
     */
    boolean response(HeadParser head, boolean bodiless) {
        if (bodiless) {
            begin(State.DONE, 0);
        } else if (head.chunked) {
            chunked();
        } else if (head.contentLength >= 0) {
            length(head.contentLength);
        } else {
            begin(State.UNTIL_CLOSE, 0);
            return false;
        }
        return true;
    }

    private void begin(State first, long length) {
        state = first;
        remaining = length;
        digits = 0;
        extensions = 0;
        received = 0;
        trailerSize = 0;
        trailerLine = 0;
        trailers = null;
        fault = null;
    }

    /** Whether the body has ended, as its framing says. */
    boolean isDone() {
        return state == State.DONE;
    }

    /** Whether the end of the connection is a good end of this body. */
    boolean endsWithConnection() {
        return state == State.UNTIL_CLOSE;
    }

    @Nullable
    Fields trailers() {
        return trailers;
    }

    @Nullable
    Fault fault() {
        return fault;
    }

    /**
     * The next part of the body.
     *
     * @return a slice that the caller owns; null when more bytes are needed, the body is done or there is a fault
     */
    @Nullable
    ByteBuf next(ByteBuf in) {
        while (fault == null && in.isReadable()) {
            switch (state) {
                case LENGTH, CHUNK -> {
                    return data(in);
                }
                case UNTIL_CLOSE -> {
                    return in.readRetainedSlice(in.readableBytes());
                }
                case NONE, DONE -> {
                    return null;
                }
                case SIZE, EXTENSION, SIZE_LF, CHUNK_CR, CHUNK_LF, TRAILERS -> frame(in);
            }
        }
        return null;
    }

    /** Takes what frames the chunks. */
    private void frame(ByteBuf in) {
        switch (state) {
            case SIZE -> fault = size(in.readByte());
            case EXTENSION -> fault = extension(in.readByte());
            case SIZE_LF -> fault = sizeEnd(in.readByte());
            case CHUNK_CR -> {
                fault = in.readByte() == '\r' ? null : Fault.CHUNK_END;
                state = State.CHUNK_LF;
            }
            case CHUNK_LF -> {
                fault = in.readByte() == '\n' ? null : Fault.CHUNK_END;
                state = State.SIZE;
                digits = 0;
            }
            case TRAILERS -> fault = trailer(in);
            case NONE, LENGTH, UNTIL_CLOSE, CHUNK, DONE -> throw new AssertionError(state);
        }
    }

    private ByteBuf data(ByteBuf in) {
        return in.readRetainedSlice(take(in));
    }

    private int take(ByteBuf in) {
        int part = (int) Math.min(remaining, in.readableBytes());
        remaining -= part;
        received += part;
        if (remaining == 0) {
            state = state == State.LENGTH ? State.DONE : State.CHUNK_CR;
        }
        return part;
    }

    /**
     * Looks through what is there of a chunked body that is about to be read: what is malformed in the same breath as
     * its head need not be told on at all. Leaves everything as it was.
     */
    @Nullable
    Fault foresee(ByteBuf in) {
        int start = in.readerIndex();
        while (fault == null && state != State.DONE && in.isReadable()) {
            if (state == State.CHUNK) {
                in.skipBytes(take(in));
            } else {
                frame(in);
            }
        }
        Fault found = fault;
        in.readerIndex(start);
        chunked();
        return found;
    }

    private @Nullable Fault size(byte b) {
        int digit = hex(b);
        if (digit >= 0) {
            remaining = digits == 0 ? digit : (remaining << 4) | digit;
            return ++digits > MAX_SIZE_DIGITS ? Fault.CHUNK_SIZE : null;
        }
        if (digits == 0) {
            return Fault.CHUNK_SIZE;
        }
        if (b == '\r') {
            state = State.SIZE_LF;
            return null;
        }
        if (b == ';') {
            state = State.EXTENSION;
            extension = 0;
            part = Part.NAME_START;
            return null;
        }
        return b == '\n' ? Fault.BARE_LF : Fault.CHUNK_SIZE;
    }

    private static int hex(byte b) {
        if (b >= '0' && b <= '9') {
            return b - '0';
        }
        int lower = b | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }

    /** {@code ;name}, {@code ;name=token} or {@code ;name="quoted"}; a quoted string hides no end of line. */
    @Nullable
    private Fault extension(byte b) {
        boolean complete = part == Part.NAME || part == Part.TOKEN || part == Part.QUOTED_END;
        if (b == '\r' && complete) {
            state = State.SIZE_LF;
            return null;
        }
        if (b == '\n') {
            return Fault.BARE_LF;
        }
        extensions++;
        if (++extension > MAX_EXTENSION || extensions > MAX_EXTENSIONS + received) {
            return Fault.CHUNK_EXTENSION;
        }
        Part next = next(part, b);
        part = next;
        return next == Part.WRONG ? Fault.CHUNK_EXTENSION : null;
    }

    private static Part next(Part part, byte b) {
        boolean token = FieldRules.lowerToken(b & 0xff) != 0;
        return switch (part) {
            case NAME_START -> token ? Part.NAME : Part.WRONG;
            case NAME -> token ? Part.NAME : b == '=' ? Part.VALUE_START : b == ';' ? Part.NAME_START : Part.WRONG;
            case VALUE_START -> token ? Part.TOKEN : b == '"' ? Part.QUOTED : Part.WRONG;
            case TOKEN -> token ? Part.TOKEN : b == ';' ? Part.NAME_START : Part.WRONG;
            case QUOTED -> {
                if (!FieldRules.isValueChar(b)) {
                    yield Part.WRONG;
                }
                yield b == '"' ? Part.QUOTED_END : b == '\\' ? Part.ESCAPED : Part.QUOTED;
            }
            case ESCAPED -> FieldRules.isValueChar(b) ? Part.QUOTED : Part.WRONG;
            case QUOTED_END -> b == ';' ? Part.NAME_START : Part.WRONG;
            case WRONG -> Part.WRONG;
        };
    }

    private @Nullable Fault sizeEnd(byte b) {
        if (b != '\n') {
            return Fault.BARE_CR;
        }
        state = remaining == 0 ? State.TRAILERS : State.CHUNK;
        return null;
    }

    /** Takes bytes up to the next LF; an empty line ends the message. */
    private @Nullable Fault trailer(ByteBuf in) {
        int lf = in.indexOf(in.readerIndex(), in.writerIndex(), (byte) '\n');
        int take = (lf < 0 ? in.writerIndex() : lf + 1) - in.readerIndex();
        if (trailerSize + take > maxTrailerBytes) {
            return Fault.TOO_LARGE;
        }
        if (trailerBytes.length < trailerSize + take) {
            trailerBytes = Arrays.copyOf(trailerBytes, Math.max(trailerSize + take, 64));
        }
        in.readBytes(trailerBytes, trailerSize, take);
        trailerSize += take;
        if (lf < 0) {
            return null;
        }
        if (trailerSize < 2 || trailerBytes[trailerSize - 2] != '\r') {
            return Fault.BARE_LF;
        }
        boolean empty = trailerSize - trailerLine == 2;
        trailerLine = trailerSize;
        if (!empty) {
            return null;
        }
        state = State.DONE;
        return trailerSize == 2 ? null : parseTrailers();
    }

    private @Nullable Fault parseTrailers() {
        HeadParser parser = HeadParser.ofThread();
        parser.room(trailerSize);
        System.arraycopy(trailerBytes, 0, parser.bytes, 0, trailerSize);
        Fault found = parser.parseTrailers(0, trailerSize, maxTrailers);
        trailers = parser.fields;
        trailerBytes = new byte[0];
        return found;
    }
}

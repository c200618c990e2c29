package io.culvert.identity;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** As much of DER (X.690) as a PKCS#10 request and a SAN extension need. */
final class Der {
    static final int BOOLEAN = 0x01;
    static final int INTEGER = 0x02;
    static final int BIT_STRING = 0x03;
    static final int OCTET_STRING = 0x04;
    static final int OBJECT_ID = 0x06;
    static final int SEQUENCE = 0x30;
    static final int SET = 0x31;
    /** GeneralName uniformResourceIdentifier, RFC 5280 section 4.2.1.6. */
    static final int URI_NAME = 0x86;

    private Der() {}

    /** One element with these contents, one after the other. */
    static byte[] encode(int tag, byte[]... contents) {
        int length = 0;
        for (byte[] part : contents) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 6);
        out.write(tag);
        writeLength(out, length);
        for (byte[] part : contents) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static void writeLength(ByteArrayOutputStream out, int length) {
        if (length < 0x80) {
            out.write(length);
            return;
        }
        int bytes = (32 - Integer.numberOfLeadingZeros(length) + 7) / 8;
        out.write(0x80 | bytes);
        for (int i = bytes - 1; i >= 0; i--) {
            out.write(length >>> (8 * i));
        }
    }

    /**
     * The contents of the element that starts here, which must have this tag; the buffer stands behind it afterwards.
     *
     * @throws IllegalArgumentException if there is another element or it is cut off
     */
    static ByteBuffer read(ByteBuffer in, int tag) {
        int found = peekTag(in);
        if (found != tag) {
            throw new IllegalArgumentException(String.format("DER tag %02x where %02x was expected", found, tag));
        }
        return readAny(in);
    }

    static int peekTag(ByteBuffer in) {
        if (!in.hasRemaining()) {
            throw new IllegalArgumentException("DER ends early");
        }
        return in.get(in.position()) & 0xff;
    }

    /** The contents of the element that starts here, whatever its tag. */
    static ByteBuffer readAny(ByteBuffer in) {
        try {
            in.get();
            int length = in.get() & 0xff;
            if (length >= 0x80) {
                int bytes = length & 0x7f;
                if (bytes == 0 || bytes > 3) {
                    throw new IllegalArgumentException("DER length of " + bytes + " bytes");
                }
                length = 0;
                for (int i = 0; i < bytes; i++) {
                    length = (length << 8) | (in.get() & 0xff);
                }
            }
            if (length > in.remaining()) {
                throw new IllegalArgumentException("DER element longer than what holds it");
            }
            ByteBuffer contents = in.slice(in.position(), length);
            in.position(in.position() + length);
            return contents;
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("DER ends early", e);
        }
    }
}

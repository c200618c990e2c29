package io.culvert.core.mesh;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;

/**
 * A place in the bytes of a protobuf message, which it goes through without making objects. Numbers of more than 31 bits,
 * texts that are not ASCII, and whatever is malformed make it {@link #odd}; from then on what it returns means nothing.
 * Owned by: one thread.
 */
class WireCursor {
    /** The wire type of texts, bytes and messages. */
    static final int TEXT = 2;

    byte[] bytes = new byte[2048];
    int at;
    /** Behind the last byte of the message. */
    int end;
    /** There is something that only protobuf's own parser reads, or refuses. */
    boolean odd;

    /** Goes to the beginning of {@code message}. */
    final void begin(ByteString message) {
        if (message.size() > bytes.length) {
            bytes = new byte[message.size() * 2];
        }
        message.copyTo(bytes, 0);
        at = 0;
        end = message.size();
        odd = false;
    }

    /** A varint of at most 31 bits. */
    final int number() {
        int value = 0;
        for (int shift = 0; shift < 35 && at < end; shift += 7) {
            int b = bytes[at++];
            value |= (b & 0x7f) << shift;
            if (b >= 0) {
                odd |= value < 0 || (shift == 28 && b > 7);
                return value;
            }
        }
        odd = true;
        return -1;
    }

    final int upTo(int max) {
        int value = number();
        if (value < 0 || value > max) {
            odd = true;
            return 0;
        }
        return value;
    }

    /** That of what follows; 0 when there is less. */
    final int length() {
        int length = number();
        if (odd || length > end - at) {
            odd = true;
            return 0;
        }
        return length;
    }

    final void skip() {
        int length = length();
        at += length;
    }

    /** The one object for a text. */
    final String text() {
        int length = length();
        int from = at;
        int hash = 0;
        int all = 0;
        at += length;
        for (int i = from; i < at; i++) {
            all |= bytes[i];
            hash = 31 * hash + bytes[i];
        }
        odd |= all < 0;
        return odd || length == 0 ? "" : Sharing.ascii(bytes, from, length, hash);
    }

    /** A text that nothing else has. */
    final String ownText() {
        int length = length();
        int from = at;
        at += length;
        for (int i = from; i < at; i++) {
            odd |= bytes[i] < 0;
        }
        return odd || length == 0 ? "" : new String(bytes, from, length, StandardCharsets.ISO_8859_1);
    }

    /** The given one, when it is what comes. */
    final String known(String text) {
        int length = length();
        if (length != text.length()) {
            odd = true;
            return "";
        }
        for (int i = 0; i < length; i++) {
            odd |= bytes[at++] != text.charAt(i);
        }
        return text;
    }
}

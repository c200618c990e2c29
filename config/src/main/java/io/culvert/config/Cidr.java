package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A block of addresses with its host bits cleared; a single address is a block of full length. Immutable. */
record Cidr(ByteString address, int length) {
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,3}");

    /** Reads {@code 10.0.0.0/8}, {@code fd00::/8} or a bare address; null when it is neither. */
    static @Nullable Cidr parse(String text) {
        int slash = text.indexOf('/');
        byte[] bytes = AddressText.parse(slash < 0 ? text : text.substring(0, slash));
        if (bytes == null) {
            return null;
        }
        int bits = bytes.length * 8;
        if (slash >= 0) {
            String length = text.substring(slash + 1);
            if (!DIGITS.matcher(length).matches() || Integer.parseInt(length) > bits) {
                return null;
            }
            bits = Integer.parseInt(length);
        }
        for (int bit = bits; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
        }
        return new Cidr(ByteString.copyFrom(bytes), bits);
    }

    /** Whether the text from which this block was read named a single address inside it. */
    boolean dropsHostBits(String text) {
        byte[] given = AddressText.parse(text.substring(0, text.indexOf('/')));
        return given == null || !address.equals(ByteString.copyFrom(given));
    }

    /** Whether an address of the same family lies in it. */
    boolean contains(ByteString other) {
        if (other.size() != address.size()) {
            return false;
        }
        for (int bit = 0; bit < length; bit++) {
            int mask = 0x80 >> (bit % 8);
            if (((address.byteAt(bit / 8) ^ other.byteAt(bit / 8)) & mask) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Canonical text, {@code address/length}. */
    @Override
    public String toString() {
        return AddressText.format(address) + "/" + length;
    }
}

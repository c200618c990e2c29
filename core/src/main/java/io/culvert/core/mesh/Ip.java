package io.culvert.core.mesh;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * An IP address as 128 bits; IPv4 stands as {@code ::ffff:a.b.c.d}, so that a dual-stack socket's view and the
 * configuration's compare equal. Scope ids are not kept. Immutable.
 *
 * @param high the first 64 bits in network order
 * @param low the last 64 bits in network order
 */
public record Ip(long high, long low) implements Comparable<Ip> {
    private static final long MAPPED = 0x0000_ffff_0000_0000L;
    private static final long LOW_32 = 0xffff_ffffL;

    /** The address of the JDK's type. */
    public static Ip of(InetAddress address) {
        return of(address.getAddress());
    }

    /**
     * The address from its bytes in network order.
     *
     * @throws IllegalArgumentException when there are not 4 or 16 bytes
     */
    public static Ip of(byte[] bytes) {
        return switch (bytes.length) {
            case 4 -> ofIpv4(word(bytes, 0));
            case 16 -> new Ip(word(bytes, 0) << 32 | word(bytes, 4), word(bytes, 8) << 32 | word(bytes, 12));
            default -> throw new IllegalArgumentException("an IP address has 4 or 16 bytes, not " + bytes.length);
        };
    }

    /** The IPv4 address in the low 32 bits of {@code address}. */
    public static Ip ofIpv4(long address) {
        return new Ip(0, MAPPED | (address & LOW_32));
    }

    /**
     * The address from its text form; names are never looked up.
     *
     * @throws IllegalArgumentException when the text is not an IPv4 or IPv6 literal
     */
    public static Ip parse(String text) {
        Ip ip = tryParse(text);
        if (ip == null) {
            throw new IllegalArgumentException("not an IP address: \"" + text + "\"");
        }
        return ip;
    }

    /** As {@link #parse}, null instead of an exception. */
    public static @Nullable Ip tryParse(String text) {
        // The JDK also takes IPv4 with fewer than four parts, and scope ids, which no resource means.
        boolean v6 = text.indexOf(':') >= 0;
        if (text.indexOf('%') >= 0 || (!v6 && text.chars().filter(c -> c == '.').count() != 3)) {
            return null;
        }
        try {
            return of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Whether this is an IPv4 address, however it was written. */
    public boolean isIpv4() {
        return high == 0 && (low & ~LOW_32) == MAPPED;
    }

    /** Whether this is the unspecified address of its family. */
    public boolean isUnspecified() {
        return high == 0 && (low == 0 || low == MAPPED);
    }

    /** Whether this is a loopback address of its family. */
    public boolean isLoopback() {
        return isIpv4() ? (low & 0xff00_0000L) == 0x7f00_0000L : high == 0 && low == 1;
    }

    /** 4 bytes for IPv4, else 16, in network order. */
    public byte[] toBytes() {
        byte[] bytes = new byte[isIpv4() ? 4 : 16];
        for (int i = 0; i < bytes.length; i++) {
            int shift = (bytes.length - 1 - i) * 8;
            bytes[i] = (byte) (shift >= 64 ? high >>> (shift - 64) : low >>> shift);
        }
        return bytes;
    }

    /** The JDK's type: an {@link Inet4Address} for IPv4. */
    public InetAddress toInetAddress() {
        try {
            return InetAddress.getByAddress(toBytes());
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 bytes are always an address", e);
        }
    }

    /** This address with all bits after the first {@code bits} of its 128 cleared. */
    Ip masked(int bits) {
        long highMask = bits >= 64 ? -1L : bits == 0 ? 0 : -1L << (64 - bits);
        long lowMask = bits >= 128 ? -1L : bits <= 64 ? 0 : -1L << (128 - bits);
        return new Ip(high & highMask, low & lowMask);
    }

    @Override
    public int compareTo(Ip other) {
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return toInetAddress().getHostAddress();
    }

    private static long word(byte[] bytes, int at) {
        return (bytes[at] & 0xffL) << 24
                | (bytes[at + 1] & 0xffL) << 16
                | (bytes[at + 2] & 0xffL) << 8
                | (bytes[at + 3] & 0xffL);
    }
}

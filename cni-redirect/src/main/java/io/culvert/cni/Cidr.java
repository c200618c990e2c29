package io.culvert.cni;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Comparator;

/** A block of addresses of one family, with the host bits cleared, e.g. 10.0.0.0/8. Immutable. */
public record Cidr(InetAddress network, int length) implements Comparable<Cidr> {
    private static final Comparator<Cidr> ORDER = Comparator.comparing(
                    (Cidr c) -> c.network.getAddress(),
                    Comparator.<byte[]>comparingInt(b -> b.length).thenComparing(Arrays::compareUnsigned))
            .thenComparingInt(Cidr::length);

    public Cidr {
        int bits = network.getAddress().length * 8;
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException(
                    "prefix length " + length + " of " + network.getHostAddress() + " is not between 0 and " + bits);
        }
        network = masked(network, length);
    }

    /** Parses {@code address/length}, or an address alone. @throws IllegalArgumentException naming the text */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        try {
            InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
            int length = slash < 0 ? address.getAddress().length * 8 : Integer.parseInt(text.substring(slash + 1));
            return new Cidr(address, length);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"" + text + "\" is not an address block such as 10.0.0.0/8", e);
        }
    }

    /** The address in {@code address/length}, host bits kept. */
    static InetAddress address(String text) {
        int slash = text.indexOf('/');
        return InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
    }

    /** Exactly one address. */
    public static Cidr of(InetAddress address) {
        return new Cidr(address, address.getAddress().length * 8);
    }

    public boolean isIpv4() {
        return network.getAddress().length == 4;
    }

    /** Whether every address of {@code other} is one of this block. */
    boolean contains(Cidr other) {
        return isIpv4() == other.isIpv4()
                && length <= other.length
                && masked(other.network, length).equals(network);
    }

    boolean contains(InetAddress address) {
        return contains(of(address));
    }

    @Override
    public int compareTo(Cidr other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return network.getHostAddress() + "/" + length;
    }

    private static InetAddress masked(InetAddress address, int length) {
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int keep = Math.clamp(length - i * 8L, 0, 8);
            bytes[i] &= (byte) (0xff00 >> keep);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 bytes are always an address", e);
        }
    }
}

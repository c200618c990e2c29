package io.culvert.core.mesh;

/**
 * An address range. Bits of the address behind the prefix are cleared. Immutable.
 *
 * @param base the first address
 * @param length the prefix length in the address's own family: 0 to 32 for IPv4, 0 to 128 for IPv6
 */
public record Cidr(Ip base, int length) {
    public Cidr {
        int max = base.isIpv4() ? 32 : 128;
        if (length < 0 || length > max) {
            throw new IllegalArgumentException("prefix length " + length + " of " + base + " is not in 0.." + max);
        }
        base = base.masked(base.isIpv4() ? 96 + length : length);
    }

    /**
     * From text: {@code 10.0.0.0/8} or a single address.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        Ip ip = Ip.parse(slash < 0 ? text : text.substring(0, slash));
        if (slash < 0) {
            return new Cidr(ip, ip.isIpv4() ? 32 : 128);
        }
        try {
            return new Cidr(ip, Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a prefix length in \"" + text + "\"", e);
        }
    }

    /** Whether the range holds {@code ip}; an IPv6 range never holds an IPv4 address. */
    public boolean contains(Ip ip) {
        if (ip.isIpv4() != base.isIpv4()) {
            return false;
        }
        int bits = base.isIpv4() ? 96 + length : length;
        long highDiff = ip.high() ^ base.high();
        long lowDiff = ip.low() ^ base.low();
        if (bits <= 64) {
            return bits == 0 || highDiff >>> (64 - bits) == 0;
        }
        return highDiff == 0 && lowDiff >>> (128 - bits) == 0;
    }

    /** Whether the range is one address. */
    public boolean isSingle() {
        return length == (base.isIpv4() ? 32 : 128);
    }

    @Override
    public String toString() {
        return base + "/" + length;
    }
}

package io.culvert.lab;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A range of addresses to hand out from. Immutable. */
record Cidr(InetAddress base, int prefix) {
    private static final Pattern ZEROS = Pattern.compile("(^|(?<=[0-9a-f]):)0(:0)+(:|$)");

    /** Reads {@code address/prefix}; the address must be a literal. */
    static Cidr of(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length != 2 || !parts[0].matches("[0-9a-fA-F.:]+") || !parts[1].matches("\\d{1,3}")) {
            throw new LabException(text + " is not an address range such as 10.244.1.0/24 or fd00:10:244:1::/64");
        }
        try {
            return new Cidr(InetAddress.getByName(parts[0]), Integer.parseInt(parts[1]));
        } catch (UnknownHostException e) {
            throw new LabException(text + " is not an address range such as 10.244.1.0/24", e);
        }
    }

    boolean v6() {
        return base.getAddress().length == 16;
    }

    /** The address {@code index} above the base. */
    String address(int index) {
        int length = base.getAddress().length;
        int bits = length * 8 - prefix;
        if (bits < 31 && index >= (1 << bits) - 1) {
            throw new LabException("the address range " + this + " is used up");
        }
        byte[] sum = new BigInteger(1, base.getAddress())
                .add(BigInteger.valueOf(index))
                .toByteArray();
        byte[] address = new byte[length];
        int copied = Math.min(sum.length, length);
        System.arraycopy(sum, sum.length - copied, address, length - copied, copied);
        try {
            return text(InetAddress.getByAddress(address));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("length " + length + " of " + Arrays.toString(address), e);
        }
    }

    @Override
    public String toString() {
        return text(base) + "/" + prefix;
    }

    /** The address as people and other programs write it: IPv6 with its longest run of zeros cut (RFC 5952). */
    static String text(InetAddress address) {
        String full = address.getHostAddress();
        if (full.indexOf(':') < 0) {
            return full;
        }
        Matcher zeros = ZEROS.matcher(full);
        String longest = "";
        while (zeros.find()) {
            longest = zeros.group().length() > longest.length() ? zeros.group() : longest;
        }
        return longest.isEmpty() ? full : full.replaceFirst(Pattern.quote(longest), "::");
    }
}

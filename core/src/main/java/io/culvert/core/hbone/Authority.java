package io.culvert.core.hbone;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * The target of a CONNECT: host and port, both required (RFC 9113, section 8.5; RFC 3986, section 3.2). Immutable.
 *
 * @param host the name in lower case, or the text of the address without brackets
 * @param address the address when {@code host} is one, else null
 * @param port 1 to 65535
 */
public record Authority(String host, @Nullable InetAddress address, int port) {
    private static final int MAX_NAME = 253;

    /** The parsed authority, or null when {@code text} is not of the grammar (user info, zones, no port: not). */
    public static @Nullable Authority parse(CharSequence text) {
        int colon = -1;
        for (int i = text.length() - 1; i >= 0 && colon < 0; i--) {
            if (text.charAt(i) == ':') {
                colon = i;
            }
        }
        if (colon < 1) {
            return null;
        }
        int port = port(text, colon + 1);
        if (port < 0) {
            return null;
        }
        String host = text.subSequence(0, colon).toString();
        if (host.charAt(0) == '[') {
            return host.charAt(host.length() - 1) == ']' ? ofV6(host.substring(1, host.length() - 1), port) : null;
        }
        if (NetUtil.isValidIpV4Address(host)) {
            return ofLiteral(host, port);
        }
        return isName(host) ? new Authority(host.toLowerCase(java.util.Locale.ROOT), null, port) : null;
    }

    private static @Nullable Authority ofV6(String host, int port) {
        // A zone means something on one node only (RFC 6874): never on the wire between two.
        return host.indexOf('%') < 0 && host.indexOf('[') < 0 && NetUtil.isValidIpV6Address(host)
                ? ofLiteral(host, port)
                : null;
    }

    private static Authority ofLiteral(String host, int port) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
        try {
            return new Authority(host, InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 bytes are always an address", e);
        }
    }

    private static int port(CharSequence text, int from) {
        int digits = text.length() - from;
        if (digits < 1 || digits > 5) {
            return -1;
        }
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            port = port * 10 + (c - '0');
        }
        return port >= 1 && port <= 65535 ? port : -1;
    }

    private static boolean isName(String host) {
        if (host.length() > MAX_NAME) {
            return false;
        }
        boolean onlyAddressCharacters = true;
        char before = '.';
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
            boolean digit = c >= '0' && c <= '9';
            if (!letter && !digit && (c != '.' || before == '.')) {
                return false;
            }
            onlyAddressCharacters &= !letter;
            before = c;
        }
        // "1.2.3" or "1.2.3.400": a mistyped address must not become a name to look up.
        return !onlyAddressCharacters;
    }

    /** As it stands in {@code :authority}. */
    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}

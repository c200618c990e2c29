package io.culvert.waypoint.router;

/** The parts of an authority: {@code host}, {@code host:port}, {@code [v6]}, {@code [v6]:port}. */
final class Authorities {
    private Authorities() {}

    /** The host without its port. */
    static String host(String authority) {
        int colon = colon(authority);
        return colon < 0 ? authority : authority.substring(0, colon);
    }

    /** The port, 0 when there is none that can be one. */
    static int port(String authority) {
        int colon = colon(authority);
        int port = 0;
        for (int i = colon + 1; colon >= 0 && i < authority.length(); i++) {
            int digit = authority.charAt(i) - '0';
            if (digit < 0 || digit > 9 || port > 65_535) {
                return 0;
            }
            port = port * 10 + digit;
        }
        return port > 65_535 ? 0 : port;
    }

    /** The authority of a mirrored request: its host with {@code -shadow}, as Envoy marks them. */
    static String shadow(String authority) {
        int colon = colon(authority);
        return colon < 0
                ? authority + "-shadow"
                : authority.substring(0, colon) + "-shadow" + authority.substring(colon);
    }

    private static int colon(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon > authority.lastIndexOf(']') ? colon : -1;
    }
}

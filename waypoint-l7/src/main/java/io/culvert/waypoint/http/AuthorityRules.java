package io.culvert.waypoint.http;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What may stand in Host and {@code :authority}: a host and perhaps a port, no user (RFC 9110, section 4.2). Any thread. */
public final class AuthorityRules {
    private static final String MARKS = "-._~!$&'()*+;=";

    private AuthorityRules() {}

    /** The authority in lower case, or null when it is none. */
    public static @Nullable String normalize(String text) {
        int hostEnd = text.startsWith("[") ? literalEnd(text) : nameEnd(text);
        if (hostEnd <= 0 || !isPort(text, hostEnd)) {
            return null;
        }
        return text.toLowerCase(Locale.ROOT);
    }

    /** Where a host name or IPv4 address ends, 0 if it is none. */
    private static int nameEnd(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ':') {
                return i;
            }
            if (c == '%') {
                if (i + 2 >= text.length() || !isHex(text.charAt(i + 1)) || !isHex(text.charAt(i + 2))) {
                    return 0;
                }
            } else if (!isAlphanumeric(c) && MARKS.indexOf(c) < 0) {
                return 0;
            }
        }
        return text.length();
    }

    /** Where {@code [...]} ends, 0 if it holds no IPv6 address by its looks. */
    private static int literalEnd(String text) {
        int close = text.indexOf(']');
        int colons = 0;
        for (int i = 1; i < close; i++) {
            char c = text.charAt(i);
            if (c == ':') {
                colons++;
            } else if (!isHex(c) && c != '.') {
                return 0;
            }
        }
        return colons >= 2 && colons <= 8 ? close + 1 : 0;
    }

    private static boolean isPort(String text, int from) {
        if (from == text.length()) {
            return true;
        }
        int digits = text.length() - from - 1;
        if (text.charAt(from) != ':' || digits < 1 || digits > 5) {
            return false;
        }
        int port = 0;
        for (int i = from + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return false;
            }
            port = port * 10 + c - '0';
        }
        return port <= 65_535;
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private static boolean isHex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }
}

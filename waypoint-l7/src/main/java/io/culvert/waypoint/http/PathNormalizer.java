package io.culvert.waypoint.http;

import org.jspecify.annotations.Nullable;

/**
 * How paths are made comparable before anything looks at them; the app gets the result too, so that no rule and no
 * policy decides about another path than the one that is served. Istio's {@code pathNormalization}. Immutable.
 */
public enum PathNormalizer {
    /** As the client wrote it. */
    NONE,
    /**
     * Unreserved characters are decoded, backslashes become slashes, dot segments are resolved, what no path may hold
     * (quotes, braces and the like) is encoded. Encoded slashes stay.
     */
    BASE,
    /** {@link #BASE}, then several slashes become one. */
    MERGE_SLASHES,
    /** {@link #MERGE_SLASHES} after encoded slashes and backslashes were decoded. */
    DECODE_AND_MERGE_SLASHES;

    private static final String HEX = "0123456789ABCDEF";

    /**
     * The normal form of a path with its query, which stays.
     *
     * @param target begins with a slash; one char for each byte
     * @return null if it is malformed: controls, spaces, bytes beyond ASCII, a fragment, a percent sign that encodes
     *     nothing, an encoded NUL
     */
    public @Nullable String normalize(String target) {
        boolean plain = true;
        int query = -1;
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            // RFC 9112, section 3.2: who corrects such a target may serve what others on the way kept out.
            if (c <= ' ' || c >= 0x7f || c == '#') {
                return null;
            }
            if (c == '?' && query < 0) {
                query = i;
            }
            if (query < 0) {
                boolean second = (c == '.' || c == '/') && i > 0 && target.charAt(i - 1) == '/';
                plain &= !second && c != '%' && c != '\\' && !isForbidden(c);
            }
        }
        if (plain || this == NONE) {
            return target;
        }
        return rewrite(target, query < 0 ? target.length() : query);
    }

    private @Nullable String rewrite(String target, int query) {
        StringBuilder decoded = new StringBuilder(target.length() + 16);
        for (int i = 0; i < query; i++) {
            char c = target.charAt(i);
            if (c == '%') {
                int value = i + 2 < query ? (hex(target.charAt(i + 1)) << 4) | hex(target.charAt(i + 2)) : -1;
                if (value <= 0) {
                    return null;
                }
                decode(target, i, value, decoded);
                i += 2;
            } else if (c == '\\') {
                decoded.append('/');
            } else {
                encode(c, decoded);
            }
        }
        StringBuilder path = withoutDots(decoded);
        if (this != BASE) {
            mergeSlashes(path);
        }
        return path.append(target, query, target.length()).toString();
    }

    private void decode(String target, int at, int value, StringBuilder to) {
        if (isUnreserved(value)) {
            to.append((char) value);
        } else if (this == DECODE_AND_MERGE_SLASHES && (value == '/' || value == '\\')) {
            to.append('/');
        } else {
            to.append(target, at, at + 3);
        }
    }

    /** RFC 3986, section 5.2.4, segment by segment; a dot segment at the end leaves its slash. */
    private static StringBuilder withoutDots(StringBuilder path) {
        StringBuilder out = new StringBuilder(path.length() + 16);
        int at = 0;
        while (at < path.length()) {
            int next = path.indexOf("/", at + 1);
            int end = next < 0 ? path.length() : next;
            int length = end - at;
            boolean dot = length == 2 && path.charAt(at + 1) == '.';
            boolean dots = length == 3 && path.charAt(at + 1) == '.' && path.charAt(at + 2) == '.';
            if (dots) {
                out.setLength(Math.max(0, out.lastIndexOf("/")));
            }
            if (dot || dots) {
                if (next < 0) {
                    out.append('/');
                }
            } else {
                out.append(path, at, end);
            }
            at = end;
        }
        return out.isEmpty() ? out.append('/') : out;
    }

    private static void mergeSlashes(StringBuilder path) {
        int kept = 1;
        for (int i = 1; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c != '/' || path.charAt(kept - 1) != '/') {
                path.setCharAt(kept++, c);
            }
        }
        path.setLength(kept);
    }

    private static void encode(char c, StringBuilder to) {
        if (isForbidden(c)) {
            to.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
        } else {
            to.append(c);
        }
    }

    /** Whether it is visible in ASCII, but in no path (RFC 3986, section 3.3); backslashes have a rule of their own. */
    private static boolean isForbidden(char c) {
        return switch (c) {
            case '"', '<', '>', '^', '`', '{', '|', '}' -> true;
            default -> false;
        };
    }

    private static boolean isUnreserved(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }

    /** The value of a hexadecimal digit; so negative that no sum makes it good if it is none. */
    private static int hex(char c) {
        int digit = Character.digit(c, 16);
        return digit < 0 || c > 'f' ? Integer.MIN_VALUE >> 5 : digit;
    }
}

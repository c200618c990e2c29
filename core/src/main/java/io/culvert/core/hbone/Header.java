package io.culvert.core.hbone;

/**
 * A header field of a CONNECT request or its response. Immutable.
 *
 * @param name lower case, not a pseudo-header
 * @param value as sent
 */
public record Header(String name, String value) {
    /** @throws IllegalArgumentException when the name or the value is not allowed by RFC 9113 section 8.2.1 */
    public Header {
        if (!isName(name)) {
            throw new IllegalArgumentException("not a lower-case header name: \"" + name + "\"");
        }
        if (!isValue(value)) {
            throw new IllegalArgumentException("header " + name + " has a line break, NUL or outer blank in its value");
        }
    }

    static boolean isName(CharSequence name) {
        if (name.isEmpty()) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == ':' || (c >= 'A' && c <= 'Z')) {
                return false;
            }
        }
        return true;
    }

    static boolean isValue(CharSequence value) {
        int length = value.length();
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n' || c == 0) {
                return false;
            }
        }
        return length == 0 || !(isBlank(value.charAt(0)) || isBlank(value.charAt(length - 1)));
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}

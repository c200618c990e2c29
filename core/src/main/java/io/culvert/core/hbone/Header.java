package io.culvert.core.hbone;

/**
 * A header field of a CONNECT request or its response. Immutable.
 *
 * @param name lower case, not a pseudo-header
 * @param value as sent
 */
public record Header(String name, String value) {
    public Header {
        if (name.isEmpty() || name.charAt(0) == ':') {
            throw new IllegalArgumentException("not a header name: \"" + name + "\"");
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c <= ' ' || c >= 0x7f || (c >= 'A' && c <= 'Z')) {
                throw new IllegalArgumentException("not a lower-case header name: \"" + name + "\"");
            }
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n' || c == 0) {
                throw new IllegalArgumentException("header " + name + " has a line break or NUL in its value");
            }
        }
    }
}

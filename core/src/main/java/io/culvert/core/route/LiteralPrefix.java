package io.culvert.core.route;

import com.google.re2j.Pattern;

/** The text that all which a regular expression takes begins with, read off the expression: too short, never wrong. */
final class LiteralPrefix {
    private static final String SPECIAL = "\\^$.[]|()?*+{}";
    /** What is before these may be missing. */
    private static final String OPTIONAL = "?*{";

    private LiteralPrefix() {}

    /** "" where nothing is known. */
    static String of(Pattern pattern) {
        String regex = pattern.pattern();
        // A repetition behind flags, as in "/(?i)*", is one of what is before them.
        if (pattern.flags() != 0 || regex.contains("(?") || hasAlternatives(regex)) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        int at = 0;
        while (at < regex.length()) {
            char c = regex.charAt(at);
            if (isEscaped(regex, at)) {
                c = regex.charAt(++at);
            } else if (SPECIAL.indexOf(c) >= 0) {
                break;
            }
            text.append(c);
            at++;
        }
        if (at < regex.length() && OPTIONAL.indexOf(regex.charAt(at)) >= 0 && !text.isEmpty()) {
            text.setLength(text.offsetByCodePoints(text.length(), -1));
        }
        return text.toString();
    }

    /** A backslash before a letter or digit is a class, a position or a quotation. */
    private static boolean isEscaped(String regex, int at) {
        return regex.charAt(at) == '\\'
                && at + 1 < regex.length()
                && regex.charAt(at + 1) < 0x80
                && !Character.isLetterOrDigit(regex.charAt(at + 1));
    }

    /** Whether it may have alternatives outside of every group. */
    private static boolean hasAlternatives(String regex) {
        int depth = 0;
        for (int i = 0; i < regex.length(); i++) {
            switch (regex.charAt(i)) {
                case '\\' -> {
                    if (regex.startsWith("Q", i + 1)) {
                        return true;
                    }
                    i++;
                }
                case '(' -> depth++;
                case ')' -> depth--;
                // A class may hold parentheses that are none.
                case '[' -> {
                    return regex.indexOf('|', i) >= 0;
                }
                case '|' -> {
                    if (depth == 0) {
                        return true;
                    }
                }
                default -> {}
            }
        }
        return false;
    }
}

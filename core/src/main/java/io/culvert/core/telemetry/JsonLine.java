package io.culvert.core.telemetry;

import org.jspecify.annotations.Nullable;

/** Appends members of a JSON object to a text, each with a comma before it. */
public final class JsonLine {
    private JsonLine() {}

    /** A text; nothing when it is null or empty. */
    public static void field(StringBuilder out, String name, @Nullable String value) {
        if (value == null || value.isEmpty()) {
            return;
        }
        out.append(",\"").append(name).append("\":\"");
        escape(out, value);
        out.append('"');
    }

    /** A number. */
    public static void number(StringBuilder out, String name, long value) {
        out.append(",\"").append(name).append("\":").append(value);
    }

    /** A text as it stands between the quotes. */
    public static void escape(StringBuilder out, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
    }
}

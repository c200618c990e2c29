package io.culvert.waypoint.cluster;

import io.culvert.core.route.SessionAffinity;
import io.culvert.waypoint.http.Fields;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads from a request, and writes for a response, what holds a client to its endpoint. */
final class SessionKey {
    private SessionKey() {}

    /** The token that the request bears for an affinity; null for none. */
    static @Nullable String token(SessionAffinity affinity, Fields fields) {
        return affinity.cookie() ? cookie(fields, affinity.name()) : fields.get(affinity.name());
    }

    /** The value of the first cookie of that name, without quotes (RFC 6265, section 4.2.1); null when there is none. */
    static @Nullable String cookie(Fields fields, String name) {
        for (int f = 0; f < fields.size(); f++) {
            if (fields.name(f).equals("cookie")) {
                String value = cookie(fields.value(f), name);
                if (value != null) {
                    return value;
                }
            }
        }
        return null;
    }

    private static @Nullable String cookie(String line, String name) {
        int at = 0;
        while (at < line.length()) {
            int end = line.indexOf(';', at);
            end = end < 0 ? line.length() : end;
            int equals = line.indexOf('=', at);
            if (equals > 0 && equals < end && same(line, at, equals, name)) {
                String value = line.substring(equals + 1, end).strip();
                boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                return quoted ? value.substring(1, value.length() - 1) : value;
            }
            at = end + 1;
        }
        return null;
    }

    private static boolean same(String line, int from, int to, String name) {
        int start = from;
        while (start < to && line.charAt(start) == ' ') {
            start++;
        }
        return to - start == name.length() && line.startsWith(name, start);
    }

    /** The first value of a parameter of the query, as it is written; null when there is none. */
    static @Nullable String query(String path, String name) {
        int at = path.indexOf('?') + 1;
        while (at > 0 && at < path.length()) {
            int end = path.indexOf('&', at);
            end = end < 0 ? path.length() : end;
            if (path.startsWith(name, at)) {
                int after = at + name.length();
                if (after == end) {
                    return "";
                }
                if (after < end && path.charAt(after) == '=') {
                    return path.substring(after + 1, end);
                }
            }
            at = end + 1;
        }
        return null;
    }

    /** The field's value that makes a client keep a cookie; a lifetime of null or zero is the browser's session. */
    static String setCookie(String name, String value, String path, @Nullable Duration lifetime) {
        StringBuilder field = new StringBuilder(name).append('=').append(value);
        if (lifetime != null && lifetime.isPositive()) {
            field.append("; Max-Age=").append(Math.max(1, lifetime.toSeconds()));
        }
        return field.append("; Path=")
                .append(path.isEmpty() ? "/" : path)
                .append("; HttpOnly")
                .toString();
    }
}

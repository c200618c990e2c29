package io.culvert.waypoint.http;

import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a header or trailer field may be and which fields do not travel on (RFC 9110, sections 5, 6.5 and 7.6.1). Both
 * codecs ask here, so that a message means the same whatever it came by. Any thread.
 */
public final class FieldRules {
    /** HTTP/2 begins with it, and nothing else does: an app that looks at first bytes could be led astray (RFC 9113, 3.4). */
    public static final String RESERVED_METHOD = "PRI";

    /** Of each byte: 0 if it is no token character, or the same character in lower case. */
    private static final byte[] TOKEN = new byte[256];

    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "proxy-authenticate",
            "proxy-authorization");

    /** What proxies tell each other, and what a client inside the mesh has no business to say. */
    private static final Set<String> INTERNAL = Set.of(
            "x-forwarded-client-cert",
            "x-envoy-attempt-count",
            "x-envoy-decorator-operation",
            "x-envoy-downstream-service-cluster",
            "x-envoy-downstream-service-node",
            "x-envoy-expected-rq-timeout-ms",
            "x-envoy-external-address",
            "x-envoy-force-trace",
            "x-envoy-hedge-on-per-try-timeout",
            "x-envoy-internal",
            "x-envoy-ip-tags",
            "x-envoy-is-timeout-retry",
            "x-envoy-max-retries",
            "x-envoy-original-host",
            "x-envoy-original-path",
            "x-envoy-original-url",
            "x-envoy-peer-metadata",
            "x-envoy-peer-metadata-id",
            "x-envoy-retriable-header-names",
            "x-envoy-retriable-status-codes",
            "x-envoy-retry-grpc-on",
            "x-envoy-retry-on",
            "x-envoy-upstream-alt-stat-name",
            "x-envoy-upstream-rq-per-try-timeout-ms",
            "x-envoy-upstream-rq-timeout-alt-response",
            "x-envoy-upstream-rq-timeout-ms",
            "x-envoy-upstream-stream-duration-ms");

    /** Fields that frame a message or say where it goes: in trailers they are an attack. */
    private static final Set<String> NEVER_TRAILERS = Set.of(
            "connection",
            "content-length",
            "expect",
            "host",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    /** Fields that a decision was or will be based on: a server that merges trailers must not find others there. */
    private static final Set<String> DROPPED_TRAILERS = Set.of(
            "authorization",
            "cache-control",
            "content-encoding",
            "content-range",
            "content-type",
            "cookie",
            "max-forwards",
            "origin",
            "range",
            "set-cookie",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto");

    static {
        for (char c = '0'; c <= '9'; c++) {
            TOKEN[c] = (byte) c;
        }
        for (char c = 'a'; c <= 'z'; c++) {
            TOKEN[c] = (byte) c;
            TOKEN[c - 32] = (byte) c;
        }
        for (char c : "!#$%&'*+-.^_`|~".toCharArray()) {
            TOKEN[c] = (byte) c;
        }
    }

    private FieldRules() {}

    /** The character in lower case, or 0 when no token can hold it. */
    public static byte lowerToken(int character) {
        return character < 0 || character > 255 ? 0 : TOKEN[character];
    }

    /** Whether it is a token: a method, a field name, a connection option. */
    public static boolean isToken(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            if (lowerToken(text.charAt(i)) == 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** Whether it is a field name as {@link Fields} and HTTP/2 want it: a token without upper case. */
    public static boolean isName(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0 || lowerToken(c) != c) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** Whether a field value may hold the character: visible, space, tab or obs-text. */
    public static boolean isValueChar(int character) {
        return character >= 0x20 ? character != 0x7f && character <= 0xff : character == '\t';
    }

    /** Whether it is a field value: no control characters, no space at its ends. It may be empty. */
    public static boolean isValue(CharSequence text) {
        int length = text.length();
        for (int i = 0; i < length; i++) {
            if (!isValueChar(text.charAt(i))) {
                return false;
            }
        }
        return length == 0 || !(isSpace(text.charAt(0)) || isSpace(text.charAt(length - 1)));
    }

    /** Whether it is optional white space: a space or a tab. */
    public static boolean isSpace(int character) {
        return character == ' ' || character == '\t';
    }

    /** Whether a field concerns one connection only and is not told on; {@code te: trailers} is the exception. */
    public static boolean isHopByHop(String name) {
        return HOP_BY_HOP.contains(name);
    }

    /** Whether a request's field is for proxies among each other: taken off what clients send. */
    public static boolean isInternal(String name) {
        return name.startsWith("x-") && INTERNAL.contains(name);
    }

    /** What to do with a trailer field. */
    public static TrailerRule trailer(String name) {
        if (NEVER_TRAILERS.contains(name)) {
            return TrailerRule.REFUSE;
        }
        return DROPPED_TRAILERS.contains(name) || HOP_BY_HOP.contains(name) || isInternal(name)
                ? TrailerRule.DROP
                : TrailerRule.KEEP;
    }

    /** See {@link #trailer}. */
    public enum TrailerRule {
        KEEP,
        /** Not told on. */
        DROP,
        /** The message is malformed. */
        REFUSE
    }

    /**
     * Whether a Connection field may nominate the field: those that frame a message, say where it goes or where it came
     * from are needed by everybody on the way, and taking them off is an attack.
     */
    public static boolean mayNominate(String option) {
        return switch (option) {
            case "host",
                    "content-length",
                    "transfer-encoding",
                    "content-type",
                    "cookie",
                    "authorization",
                    "forwarded" -> false;
            default -> !option.startsWith(":") && !option.startsWith("x-forwarded-");
        };
    }

    /**
     * Takes what does not travel on off the fields of a message: the hop-by-hop fields, those that Connection
     * nominates, and {@code te} unless it says that trailers are welcome.
     *
     * @return false when Connection is malformed or nominates what it may not
     */
    public static boolean removeHopByHop(Fields fields) {
        String connection = fields.joined("connection");
        boolean trailers = hasToken(fields.joined("te"), "trailers");
        if (connection != null) {
            for (String part : connection.split(",", -1)) {
                String option = part.strip().toLowerCase(Locale.ROOT);
                if (option.isEmpty()) {
                    continue;
                }
                if (!isToken(option) || !mayNominate(option)) {
                    return false;
                }
                fields.remove(option);
            }
        }
        fields.removeIf(FieldRules::isHopByHop);
        if (trailers) {
            fields.add("te", "trailers");
        }
        return true;
    }

    /** Whether a comma-separated list has the token, in any case; parameters after a semicolon do not count. */
    public static boolean hasToken(@Nullable String list, String token) {
        if (list == null) {
            return false;
        }
        int from = 0;
        while (from <= list.length()) {
            int comma = list.indexOf(',', from);
            int end = comma < 0 ? list.length() : comma;
            int semicolon = list.indexOf(';', from);
            int stop = semicolon >= 0 && semicolon < end ? semicolon : end;
            String part = list.substring(from, stop).strip();
            if (part.equalsIgnoreCase(token)) {
                return true;
            }
            from = end + 1;
        }
        return false;
    }
}

package io.culvert.waypoint.h1;

import org.jspecify.annotations.Nullable;

/** The names of usual fields, found from their bytes without making a string. Immutable. */
final class KnownNames {
    /** What the parser does with fields of a name. */
    enum Kind {
        PLAIN,
        HOST,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
        UPGRADE,
        TE,
        EXPECT,
        /** Concerns this connection only: not told on. */
        DROPPED,
        /** Not told on in requests. */
        INTERNAL
    }

    private static final String[] PLAIN_NAMES = {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "accept-ranges",
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-max-age",
        "access-control-request-headers",
        "access-control-request-method",
        "age",
        "allow",
        "alt-svc",
        "authorization",
        "b3",
        "baggage",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-location",
        "content-range",
        "content-security-policy",
        "content-type",
        "cookie",
        "date",
        "dnt",
        "etag",
        "expires",
        "forwarded",
        "from",
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-message",
        "grpc-status",
        "grpc-timeout",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "last-modified",
        "link",
        "location",
        "max-forwards",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "retry-after",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "server",
        "set-cookie",
        "strict-transport-security",
        "traceparent",
        "tracestate",
        "trailer",
        "upgrade-insecure-requests",
        "user-agent",
        "vary",
        "via",
        "warning",
        "www-authenticate",
        "x-b3-parentspanid",
        "x-b3-sampled",
        "x-b3-spanid",
        "x-b3-traceid",
        "x-content-type-options",
        "x-envoy-upstream-service-time",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-frame-options",
        "x-powered-by",
        "x-real-ip",
        "x-request-id",
        "x-requested-with",
        "x-xss-protection"
    };

    private static final int SIZE = 512;
    private static final @Nullable String[] NAMES = new @Nullable String[SIZE];
    private static final Kind[] KINDS = new Kind[SIZE];

    static {
        put("host", Kind.HOST);
        put("content-length", Kind.CONTENT_LENGTH);
        put("transfer-encoding", Kind.TRANSFER_ENCODING);
        put("connection", Kind.CONNECTION);
        put("upgrade", Kind.UPGRADE);
        put("te", Kind.TE);
        put("expect", Kind.EXPECT);
        for (String name : new String[] {
            "keep-alive", "proxy-connection", "http2-settings", "proxy-authenticate", "proxy-authorization"
        }) {
            put(name, Kind.DROPPED);
        }
        for (String name : PLAIN_NAMES) {
            put(name, Kind.PLAIN);
        }
    }

    private KnownNames() {}

    private static void put(String name, Kind kind) {
        int slot = name.hashCode() & (SIZE - 1);
        while (NAMES[slot] != null) {
            slot = (slot + 1) & (SIZE - 1);
        }
        NAMES[slot] = name;
        KINDS[slot] = kind;
    }

    /**
     * Where the name is.
     *
     * @param hash {@link String#hashCode} of the name
     * @return negative when it is not known
     */
    static int find(byte[] bytes, int from, int to, int hash) {
        int slot = hash & (SIZE - 1);
        while (true) {
            String name = NAMES[slot];
            if (name == null) {
                return -1;
            }
            if (matches(name, bytes, from, to)) {
                return slot;
            }
            slot = (slot + 1) & (SIZE - 1);
        }
    }

    static String name(int slot) {
        String name = NAMES[slot];
        assert name != null : slot;
        return name;
    }

    static Kind kind(int slot) {
        return KINDS[slot];
    }

    private static boolean matches(String name, byte[] bytes, int from, int to) {
        int length = to - from;
        if (name.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (name.charAt(i) != bytes[from + i]) {
                return false;
            }
        }
        return true;
    }
}

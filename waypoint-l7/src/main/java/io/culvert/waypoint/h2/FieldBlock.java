package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.Fields;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/**
 * What the HPACK decoder reads, straight into {@link Fields}. The first fault is kept and told later: the decoder must
 * get to the end of the block in any case, or its table would no longer be the peer's. Owned by the connection's loop.
 */
final class FieldBlock extends BareHeaders {
    /** What RFC 9113, section 6.5.2 adds for each field. */
    private static final int OVERHEAD = 32;

    private final boolean request;
    private final int maxBytes;
    private final int maxFields;
    private final Fields fields = new Fields();

    private @Nullable String method;
    private @Nullable String scheme;
    private @Nullable String authority;
    private @Nullable String path;
    private @Nullable String status;
    private @Nullable String host;
    private @Nullable String cookie;
    private @Nullable StringBuilder crumbs;
    private @Nullable String fault;
    private long contentLength = -1;
    private long bytes;
    private int regular;
    private boolean pseudo;
    private boolean extendedConnect;
    private boolean tooLarge;

    /** @param request whether the peer sends requests */
    FieldBlock(boolean request, int maxBytes, int maxFields) {
        this.request = request;
        this.maxBytes = maxBytes;
        this.maxFields = maxFields;
    }

    /** The regular fields that travel on, cookies in one; without host. */
    Fields fields() {
        if (crumbs != null) {
            fields.set("cookie", crumbs.toString());
            crumbs = null;
        }
        return fields;
    }

    /** Why the block is malformed (RFC 9113, section 8.1.1), null if it is not. */
    @Nullable
    String fault() {
        return fault;
    }

    boolean isTooLarge() {
        return tooLarge;
    }

    boolean hasPseudo() {
        return pseudo;
    }

    boolean isExtendedConnect() {
        return extendedConnect;
    }

    /** Content-length, -1 when there is none. */
    long contentLength() {
        return contentLength;
    }

    @Nullable
    String methodName() {
        return method;
    }

    @Nullable
    String schemeName() {
        return scheme;
    }

    @Nullable
    String authorityName() {
        return authority;
    }

    @Nullable
    String hostName() {
        return host;
    }

    @Nullable
    String target() {
        return path;
    }

    /** What the decoder asks for, to tell interim responses. */
    @Override
    public @Nullable CharSequence status() {
        return status;
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
        bytes += (long) name.length() + value.length() + OVERHEAD;
        tooLarge |= bytes > maxBytes;
        if (!tooLarge && fault == null) {
            // Both are kept by the decoder's tables together with their text: no new strings for what is indexed.
            String key = name.toString();
            if (!key.isEmpty() && key.charAt(0) == ':') {
                addPseudo(key, value.toString());
            } else {
                addRegular(key, value.toString());
            }
        }
        return this;
    }

    private void addPseudo(String name, String value) {
        pseudo = true;
        if (regular > 0) {
            fault = name + " after a regular field";
        } else if (value.isEmpty() || !FieldRules.isValue(value)) {
            fault = name + " is empty or holds characters that it may not";
        } else if (request) {
            addRequestPseudo(name, value);
        } else if (!name.equals(":status") || status != null) {
            fault = name + " does not belong into a response, or is there twice";
        } else {
            status = value;
        }
    }

    private void addRequestPseudo(String name, String value) {
        @Nullable String before;
        switch (name) {
            case ":method" -> {
                before = method;
                method = value;
            }
            case ":scheme" -> {
                before = scheme;
                scheme = value;
            }
            case ":authority" -> {
                before = authority;
                authority = value;
            }
            case ":path" -> {
                before = path;
                path = value;
            }
            case ":protocol" -> {
                before = null;
                extendedConnect = true;
            }
            default -> {
                before = null;
                fault = name + " does not belong into a request";
            }
        }
        if (before != null) {
            fault = name + " is there twice";
        }
    }

    private void addRegular(String name, String value) {
        regular++;
        if (regular > maxFields) {
            tooLarge = true;
            return;
        }
        if (!FieldRules.isName(name)) {
            fault = "a field name is empty, has upper case, or characters that no name may have";
            return;
        }
        if (!FieldRules.isValue(value)) {
            fault = name + " holds control characters, or space at its ends";
            return;
        }
        switch (name) {
            case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade" ->
                fault = name + " belongs to HTTP/1.1";
            case "te" -> addTe(value);
            case "host" -> addHost(value);
            case "content-length" -> addContentLength(value);
            case "cookie" -> addCookie(value);
            default -> {
                if (!FieldRules.isHopByHop(name) && !(request && FieldRules.isInternal(name))) {
                    fields.add(name, value);
                }
            }
        }
    }

    private void addTe(String value) {
        if (!value.equalsIgnoreCase("trailers")) {
            fault = "te says something other than trailers";
        } else if (request) {
            fields.set("te", "trailers");
        }
    }

    private void addHost(String value) {
        if (host != null) {
            fault = "host is there twice";
        } else if (request) {
            host = value;
        } else {
            fields.add("host", value);
        }
    }

    private void addContentLength(String value) {
        long length = length(value);
        if (length < 0 || contentLength >= 0) {
            fault = "content-length is no number, or is there twice";
            return;
        }
        contentLength = length;
        fields.add("content-length", Long.toString(length));
    }

    private static long length(String text) {
        if (text.isEmpty() || text.length() > 18) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    /** Clients cut cookies for HPACK's sake; anything but HTTP/2 must see them in one (RFC 9113, section 8.2.3). */
    private void addCookie(String value) {
        if (cookie == null) {
            cookie = value;
            fields.add("cookie", value);
            return;
        }
        if (crumbs == null) {
            crumbs = new StringBuilder(cookie);
        }
        crumbs.append("; ").append(value);
    }

    /**
     * The trailers that travel on.
     *
     * @return null when they are malformed, and {@link #fault} says why
     */
    @Nullable
    Fields trailers() {
        if (fault == null && (pseudo || host != null)) {
            fault = "trailers with pseudo-fields or host";
        }
        if (fault != null) {
            return null;
        }
        Fields kept = new Fields();
        for (int i = 0; i < fields.size(); i++) {
            switch (FieldRules.trailer(fields.name(i))) {
                case KEEP -> kept.add(fields.name(i), fields.value(i));
                case DROP -> {}
                case REFUSE -> {
                    fault = fields.name(i) + " in trailers";
                    return null;
                }
            }
        }
        return kept;
    }
}

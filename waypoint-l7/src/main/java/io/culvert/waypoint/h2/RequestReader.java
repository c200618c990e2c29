package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.AuthorityRules;
import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.PathNormalizer;
import io.culvert.waypoint.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** Makes a request's head of a field block (RFC 9113, section 8.3.1). */
final class RequestReader {
    /** What became of a block. */
    sealed interface Verdict {}

    record Accepted(RequestHead head) implements Verdict {}

    /** No HTTP/2 message: the stream is reset. */
    record Malformed(String detail) implements Verdict {}

    /** HTTP/2 is content with it, HTTP is not: the client is answered. */
    record Refused(int status, String detail) implements Verdict {}

    private RequestReader() {}

    static Verdict read(FieldBlock block, PathNormalizer paths) {
        String fault = block.fault();
        if (fault != null) {
            return new Malformed(fault);
        }
        if (block.isTooLarge()) {
            return new Refused(431, "the fields of the request are too many or too large");
        }
        String method = block.methodName();
        if (method == null) {
            return new Malformed(":method is missing");
        }
        if (block.isExtendedConnect()) {
            return new Malformed(":protocol, which was not offered");
        }
        if (method.equals("CONNECT")) {
            return connect(block);
        }
        String scheme = block.schemeName();
        String target = block.target();
        if (scheme == null || target == null) {
            return new Malformed(":scheme or :path is missing");
        }
        if (target.charAt(0) != '/' && !(target.equals("*") && method.equals("OPTIONS"))) {
            return new Malformed(":path does not begin with a slash");
        }
        return request(block, method, scheme, target, paths);
    }

    private static Verdict connect(FieldBlock block) {
        if (block.schemeName() != null || block.target() != null || block.authorityName() == null) {
            return new Malformed("CONNECT with :scheme or :path, or without :authority");
        }
        return new Refused(501, "CONNECT is not served here");
    }

    private static Verdict request(
            FieldBlock block, String method, String scheme, String target, PathNormalizer paths) {
        if (!FieldRules.isToken(method) || method.equals(FieldRules.RESERVED_METHOD)) {
            return new Malformed(":method is no token, or PRI");
        }
        boolean https = scheme.equalsIgnoreCase("https");
        if (!https && !scheme.equalsIgnoreCase("http")) {
            return new Refused(400, "the scheme is neither http nor https");
        }
        String written = block.authorityName();
        String host = normalized(block.hostName());
        String authority = written == null ? host : normalized(written);
        if (authority == null || authority.isEmpty() || (block.hostName() != null && host == null)) {
            return new Refused(400, "no authority, or one that is not of the grammar");
        }
        if (host != null && !host.equals(authority)) {
            return new Malformed(":authority and host differ");
        }
        String path = target.equals("*") ? target : paths.normalize(target);
        if (path == null) {
            return new Refused(400, "the path is not of the grammar");
        }
        return new Accepted(new RequestHead(method, https ? "https" : "http", authority, path, block.fields(), ""));
    }

    private static @Nullable String normalized(@Nullable String authority) {
        return authority == null ? null : AuthorityRules.normalize(authority);
    }
}

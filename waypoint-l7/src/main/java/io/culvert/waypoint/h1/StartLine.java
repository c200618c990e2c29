package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.AuthorityRules;
import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.PathNormalizer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads request lines and status lines, and what a request line and Host say together. Owned by the thread. */
final class StartLine {
    private static final String[] METHODS = {"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"};

    /** The part of a target that names the authority, if it does. */
    private @Nullable String targetAuthority;

    String method = "";
    String target = "";
    String authority = "";
    String path = "";
    int status;
    boolean http10;
    /** Where the fields begin. */
    int end;

    /** Reads {@code METHOD target HTTP/1.1}. */
    @Nullable
    Fault request(byte[] b) {
        int at = 0;
        while (FieldRules.lowerToken(b[at] & 0xff) != 0) {
            at++;
        }
        if (at == 0 || b[at] != ' ') {
            return lineFault(b[at], Fault.REQUEST_LINE);
        }
        method = method(b, at);
        int start = ++at;
        while (b[at] > ' ' || b[at] < 0) {
            at++;
        }
        if (at == start || b[at] != ' ') {
            return lineFault(b[at], Fault.REQUEST_LINE);
        }
        target = new String(b, start, at - start, StandardCharsets.ISO_8859_1);
        return version(b, at + 1);
    }

    private static Fault lineFault(byte next, Fault otherwise) {
        return next == '\n' ? Fault.BARE_LF : otherwise;
    }

    private static String method(byte[] b, int length) {
        for (String method : METHODS) {
            if (method.length() == length && matches(method, b, 0)) {
                return method;
            }
        }
        return new String(b, 0, length, StandardCharsets.ISO_8859_1);
    }

    private static boolean matches(String text, byte[] b, int at) {
        for (int i = 0; i < text.length(); i++) {
            if (b[at + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private @Nullable Fault version(byte[] b, int at) {
        if (!matches("HTTP/", b, at) || !isDigit(b[at + 5]) || b[at + 6] != '.' || !isDigit(b[at + 7])) {
            return Fault.REQUEST_LINE;
        }
        if (b[at + 8] != '\r' || b[at + 9] != '\n') {
            return lineFault(b[at + 8], b[at + 8] == '\r' ? Fault.BARE_CR : Fault.REQUEST_LINE);
        }
        end = at + 10;
        if (b[at + 5] != '1' || b[at + 7] > '1') {
            return Fault.VERSION;
        }
        return b[at + 7] == '0' ? Fault.HTTP_1_0 : null;
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    /**
     * What the request asks for, after the fields are read.
     *
     * @param host the value of the one Host field
     */
    @Nullable
    Fault resolve(String host, PathNormalizer paths) {
        String named = AuthorityRules.normalize(host);
        if (named == null) {
            return Fault.HOST;
        }
        authority = named;
        targetAuthority = null;
        Fault fault = splitTarget();
        if (fault != null) {
            return fault;
        }
        if (targetAuthority != null && !named.equals(AuthorityRules.normalize(targetAuthority))) {
            return Fault.HOST_MISMATCH;
        }
        if (path.equals("*")) {
            return null;
        }
        String normal = paths.normalize(path);
        if (normal == null) {
            return Fault.TARGET;
        }
        path = normal;
        return null;
    }

    private @Nullable Fault splitTarget() {
        if (method.equals("CONNECT")) {
            return Fault.METHOD;
        }
        if (method.equals(FieldRules.RESERVED_METHOD)) {
            return Fault.REQUEST_LINE;
        }
        if (target.startsWith("/")) {
            path = target;
            return null;
        }
        if (target.equals("*")) {
            path = target;
            return method.equals("OPTIONS") ? null : Fault.TARGET;
        }
        int scheme = target.regionMatches(true, 0, "http://", 0, 7)
                ? 7
                : target.regionMatches(true, 0, "https://", 0, 8) ? 8 : 0;
        if (scheme == 0) {
            return Fault.TARGET;
        }
        int pathStart = scheme;
        while (pathStart < target.length() && "/?#\\".indexOf(target.charAt(pathStart)) < 0) {
            pathStart++;
        }
        targetAuthority = target.substring(scheme, pathStart);
        String rest = target.substring(pathStart);
        if (rest.isEmpty()) {
            path = method.equals("OPTIONS") ? "*" : "/";
        } else if (rest.charAt(0) == '?') {
            path = "/" + rest;
        } else if (rest.charAt(0) == '/') {
            path = rest;
        } else {
            return Fault.TARGET;
        }
        return null;
    }

    /** Reads {@code HTTP/1.1 NNN reason}; the reason may be missing, with or without its space. */
    @Nullable
    Fault response(byte[] b) {
        if (!matches("HTTP/1.", b, 0) || (b[7] != '1' && b[7] != '0') || b[8] != ' ') {
            return Fault.STATUS_LINE;
        }
        http10 = b[7] == '0';
        if (!isDigit(b[9]) || !isDigit(b[10]) || !isDigit(b[11])) {
            return Fault.STATUS_LINE;
        }
        status = (b[9] - '0') * 100 + (b[10] - '0') * 10 + b[11] - '0';
        int at = 12;
        if (status < 100 || status > 599 || (b[at] != ' ' && b[at] != '\r')) {
            return lineFault(b[at], Fault.STATUS_LINE);
        }
        while (FieldRules.isValueChar(b[at] & 0xff)) {
            at++;
        }
        if (b[at] != '\r') {
            return lineFault(b[at], Fault.STATUS_LINE);
        }
        end = at + 2;
        return b[at + 1] == '\n' ? null : Fault.BARE_CR;
    }
}

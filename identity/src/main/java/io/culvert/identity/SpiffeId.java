package io.culvert.identity;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A SPIFFE ID: {@code spiffe://<trust domain><path>}. Immutable; equal when trust domain and path are.
 *
 * <p>Grammar of SPIFFE-ID section 2: at most 2048 bytes; the scheme in any case (RFC 3986 section 3.1); the path is empty
 * or segments out of {@code a-z A-Z 0-9 . - _}, none empty, {@code .} or {@code ..}, without a trailing slash; no query,
 * fragment, user information, port or percent-encoding. Paths are case-sensitive.
 *
 * @param trustDomain who issues it
 * @param path empty for the trust domain itself, else starts with a slash; a path that does not fit the grammar, or makes
 *     the ID too long, is refused with a {@link SpiffeIdException}
 */
public record SpiffeId(TrustDomain trustDomain, String path) implements Comparable<SpiffeId> {
    static final int MAX_LENGTH = 2048;
    private static final String SCHEME = "spiffe://";

    public SpiffeId {
        int length = SCHEME.length() + trustDomain.name().length() + path.length();
        if (length > MAX_LENGTH) {
            throw new SpiffeIdException("SPIFFE ID has " + length + " bytes: at most " + MAX_LENGTH + " are allowed");
        }
        checkPath(path);
    }

    /**
     * Reads the URI form.
     *
     * @throws SpiffeIdException with the fault named
     */
    public static SpiffeId parse(String uri) {
        if (uri.isEmpty()) {
            throw new SpiffeIdException("SPIFFE ID is empty: expected spiffe://<trust domain>/<path>");
        }
        if (uri.length() > MAX_LENGTH) {
            throw new SpiffeIdException(
                    "SPIFFE ID has " + uri.length() + " characters: at most " + MAX_LENGTH + " are allowed");
        }
        if (!uri.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            throw new SpiffeIdException(quote(uri) + " does not start with spiffe://");
        }
        int slash = uri.indexOf('/', SCHEME.length());
        String authority = slash < 0 ? uri.substring(SCHEME.length()) : uri.substring(SCHEME.length(), slash);
        refuseQueryAndFragment(uri);
        try {
            return new SpiffeId(new TrustDomain(authority), slash < 0 ? "" : uri.substring(slash));
        } catch (SpiffeIdException e) {
            throw new SpiffeIdException("SPIFFE ID " + quote(uri) + ": " + e.getMessage());
        }
    }

    /**
     * The identity of pods that run as a Kubernetes service account: {@code spiffe://<td>/ns/<namespace>/sa/<account>}.
     *
     * @throws SpiffeIdException if a name does not fit into one path segment
     */
    public static SpiffeId forServiceAccount(TrustDomain trustDomain, String namespace, String serviceAccount) {
        checkSegment(namespace, "namespace " + quote(namespace));
        checkSegment(serviceAccount, "service account " + quote(serviceAccount));
        return new SpiffeId(trustDomain, "/ns/" + namespace + "/sa/" + serviceAccount);
    }

    /** The namespace of {@code /ns/<namespace>/sa/<account>}, or null when the path has another shape. */
    public @Nullable String namespace() {
        String[] parts = serviceAccountParts();
        return parts == null ? null : parts[0];
    }

    /** The account of {@code /ns/<namespace>/sa/<account>}, or null when the path has another shape. */
    public @Nullable String serviceAccount() {
        String[] parts = serviceAccountParts();
        return parts == null ? null : parts[1];
    }

    /** The URI form. */
    @Override
    public String toString() {
        return SCHEME + trustDomain.name() + path;
    }

    @Override
    public int compareTo(SpiffeId other) {
        int byDomain = trustDomain.name().compareTo(other.trustDomain.name());
        return byDomain != 0 ? byDomain : path.compareTo(other.path);
    }

    private String @Nullable [] serviceAccountParts() {
        if (!path.startsWith("/ns/")) {
            return null;
        }
        int end = path.indexOf('/', 4);
        if (end < 0 || !path.startsWith("/sa/", end) || path.indexOf('/', end + 4) >= 0) {
            return null;
        }
        return new String[] {path.substring(4, end), path.substring(end + 4)};
    }

    private static void refuseQueryAndFragment(String uri) {
        if (uri.indexOf('?') >= 0) {
            throw new SpiffeIdException("SPIFFE ID " + quote(uri) + " has a query (?): not allowed");
        }
        if (uri.indexOf('#') >= 0) {
            throw new SpiffeIdException("SPIFFE ID " + quote(uri) + " has a fragment (#): not allowed");
        }
    }

    private static void checkPath(String path) {
        if (path.isEmpty()) {
            return;
        }
        if (path.charAt(0) != '/') {
            throw new SpiffeIdException("path " + quote(path) + " does not start with a slash");
        }
        if (path.endsWith("/")) {
            throw new SpiffeIdException("path " + quote(path) + " ends with a slash: leave it out");
        }
        for (int start = 1; start <= path.length(); ) {
            int end = path.indexOf('/', start);
            end = end < 0 ? path.length() : end;
            checkSegment(path.substring(start, end), "path segment " + quote(path.substring(start, end)));
            start = end + 1;
        }
    }

    private static void checkSegment(String segment, String what) {
        if (segment.isEmpty()) {
            throw new SpiffeIdException(what + " is empty");
        }
        if (segment.equals(".") || segment.equals("..")) {
            throw new SpiffeIdException(what + " is relative: not allowed in a SPIFFE ID");
        }
        for (int i = 0; i < segment.length(); i++) {
            char c = segment.charAt(i);
            if (c == '%') {
                throw new SpiffeIdException(what + " is percent-encoded: not allowed in a SPIFFE ID");
            }
            if (!isSegmentCharacter(c)) {
                throw new SpiffeIdException(
                        what + " has the character " + show(c) + ": only a-z, A-Z, 0-9, '.', '-' and '_' are allowed");
            }
        }
    }

    private static boolean isSegmentCharacter(char c) {
        return TrustDomain.isNameCharacter(c) || (c >= 'A' && c <= 'Z');
    }

    /** In quotes, at most 80 characters, with everything that could break a log line shown as a code point. */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder().append('"');
        for (int i = 0; i < Math.min(text.length(), 80); i++) {
            char c = text.charAt(i);
            quoted.append(c > ' ' && c < 127 ? String.valueOf(c) : codePoint(c));
        }
        return quoted.append(text.length() > 80 ? "…\"" : "\"").toString();
    }

    static String show(char c) {
        return c > ' ' && c < 127 ? "'" + c + "'" : codePoint(c);
    }

    private static String codePoint(char c) {
        return String.format(Locale.ROOT, "U+%04X", (int) c);
    }
}

package io.culvert.core.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Conditions that a request must all fulfil; null or empty: none. Immutable.
 *
 * @param authority on the authority without its port, in lower case
 */
public record HttpMatch(
        @Nullable PathMatch path,
        @Nullable StringMatch method,
        @Nullable StringMatch scheme,
        @Nullable StringMatch authority,
        List<HeaderMatch> headers,
        List<QueryMatch> query) {
    /** Takes every request. */
    public static final HttpMatch ANY = new HttpMatch(null, null, null, null, List.of(), List.of());

    public HttpMatch {
        headers = List.copyOf(headers);
        query = List.copyOf(query);
    }

    /** Whether {@code request} fulfils all of it. */
    public boolean matches(HttpRoutes.Request request) {
        return (path == null || path.matches(request.path()))
                && (method == null || method.matches(request.method()))
                && (scheme == null || scheme.matches(request.scheme()))
                && (authority == null || authority.matches(request.host()))
                && headersMatch(request)
                && queryMatches(request.query());
    }

    private boolean headersMatch(HttpRoutes.Request request) {
        for (HeaderMatch header : headers) {
            String value = request.header(header.name());
            boolean holds = value != null && header.value().matches(value);
            if (holds == header.invert()) {
                return false;
            }
        }
        return true;
    }

    private boolean queryMatches(@Nullable String text) {
        for (QueryMatch parameter : query) {
            String value = QueryText.first(text, parameter.name());
            if (value == null || !parameter.value().matches(value)) {
                return false;
            }
        }
        return true;
    }

    /**
     * A condition on a header field; of several fields of one name the values are joined by a comma.
     *
     * @param name in lower case
     * @param invert whether the condition must not hold; a field that is not there then fulfils it
     */
    public record HeaderMatch(String name, StringMatch value, boolean invert) {}

    /** A condition on a parameter of the query: its first value counts. */
    public record QueryMatch(String name, StringMatch value) {}
}

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

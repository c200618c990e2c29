package io.culvert.core.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * HTTP rules in order of precedence: the first whose match holds takes the request. Immutable, any thread.
 *
 * @param entries in order; one rule may stand in several
 * @param attached whether somebody wrote routes: then what no entry takes is answered with 404
 */
public record HttpRoutes(List<Entry> entries, boolean attached) {
    /** No routes: every request passes to the service that it was sent to. */
    public static final HttpRoutes NONE = new HttpRoutes(List.of(), false);

    public HttpRoutes {
        entries = List.copyOf(entries);
    }

    /** One match and the rule that it leads to. */
    public record Entry(HttpMatch match, HttpRule rule) {}

    /** What the matches look at. Header names in lower case. */
    public interface Request {
        String method();

        String scheme();

        /** Host without port, in lower case. */
        String host();

        /** Without the query, normalised. */
        String path();

        /** What follows the question mark, null when there is none. */
        @Nullable
        String query();

        /** The field's values joined by a comma; null when it is not there. */
        @Nullable
        String header(String name);
    }
}

package io.culvert.core.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** HTTP rules in order of precedence: the first whose match holds takes the request. Immutable, any thread. */
public final class HttpRoutes {
    /** No routes: every request passes to the service that it was sent to. */
    public static final HttpRoutes NONE = new HttpRoutes(List.of(), false);

    private final List<Entry> entries;
    private final boolean attached;
    private final RouteIndex index;

    /**
     * @param entries in order; one rule may stand in several
     * @param attached whether somebody wrote routes: then what no entry takes is answered with 404
     */
    public HttpRoutes(List<Entry> entries, boolean attached) {
        this.entries = List.copyOf(entries);
        this.attached = attached;
        this.index = new RouteIndex(this.entries);
    }

    /** In order of precedence. */
    public List<Entry> entries() {
        return entries;
    }

    /** Whether somebody wrote routes. */
    public boolean attached() {
        return attached;
    }

    /** The first rule that takes the request; null when none does. */
    public @Nullable HttpRule first(Request request) {
        return index.first(request);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HttpRoutes routes && attached == routes.attached && entries.equals(routes.entries);
    }

    @Override
    public int hashCode() {
        return entries.hashCode() * 31 + Boolean.hashCode(attached);
    }

    @Override
    public String toString() {
        return "HttpRoutes[entries=" + entries + ", attached=" + attached + "]";
    }

    /** One match and the rule that it leads to. */
    public record Entry(HttpMatch match, HttpRule rule) {}

    /** What the matches look at. Header names in lower case. */
    public interface Request {
        String method();

        String scheme();

        /** Host without port, in lower case. */
        String host();

        /** Host and port as the client wrote them, in lower case. */
        default String authority() {
            return host();
        }

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

package io.culvert.core.route;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cross-origin rules (Fetch standard, CORS protocol). Immutable.
 *
 * @param allowMethods {@code *} allows all
 * @param maxAge null: not told
 * @param forwardUnmatchedPreflights whether a preflight of a foreign origin goes on to the backend
 */
public record Cors(
        List<StringMatch> allowOrigins,
        List<String> allowMethods,
        List<String> allowHeaders,
        List<String> exposeHeaders,
        @Nullable Duration maxAge,
        boolean allowCredentials,
        boolean forwardUnmatchedPreflights) {
    public Cors {
        allowOrigins = List.copyOf(allowOrigins);
        allowMethods = List.copyOf(allowMethods);
        allowHeaders = List.copyOf(allowHeaders);
        exposeHeaders = List.copyOf(exposeHeaders);
    }
}

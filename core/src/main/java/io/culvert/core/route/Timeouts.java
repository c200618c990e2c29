package io.culvert.core.route;

import java.time.Duration;

/**
 * How long requests may take; zero: no limit. Immutable.
 *
 * @param request from the request's end until the response's end, over all tries
 * @param perTry each try until its response's head
 * @param idle without a byte in either direction
 */
public record Timeouts(Duration request, Duration perTry, Duration idle) {
    /** No limits. */
    public static final Timeouts NONE = new Timeouts(Duration.ZERO, Duration.ZERO, Duration.ZERO);
}

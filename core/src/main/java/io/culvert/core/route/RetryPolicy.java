package io.culvert.core.route;

import java.time.Duration;
import java.util.Set;

/**
 * When a request is tried again. Immutable.
 *
 * @param retries further tries after the first
 * @param codes statuses that are tried again beside what {@code on} says
 * @param backoffBase the wait before retry N is uniform in [0, (2^N - 1) * base)
 * @param backoffMax its limit
 * @param avoidTried whether an endpoint that was tried is avoided
 */
public record RetryPolicy(
        int retries,
        Set<Condition> on,
        Set<Integer> codes,
        Duration backoffBase,
        Duration backoffMax,
        boolean avoidTried) {
    /** What counts where nothing is written: two retries of what was refused or never reached an app. */
    public static final RetryPolicy DEFAULT = new RetryPolicy(
            2,
            Set.of(Condition.CONNECT_FAILURE, Condition.REFUSED_STREAM, Condition.UNAVAILABLE, Condition.CANCELLED),
            Set.of(),
            Duration.ofMillis(25),
            Duration.ofMillis(250),
            true);

    /** No retries. */
    public static final RetryPolicy NONE =
            new RetryPolicy(0, Set.of(), Set.of(), Duration.ofMillis(25), Duration.ofMillis(250), true);

    public RetryPolicy {
        on = Set.copyOf(on);
        codes = Set.copyOf(codes);
    }

    /** Envoy's names in kebab case, except that {@code retriable-status-codes} is {@link #codes}. */
    public enum Condition {
        SERVER_ERROR,
        GATEWAY_ERROR,
        RESET,
        RESET_BEFORE_REQUEST,
        CONNECT_FAILURE,
        RETRIABLE_4XX,
        REFUSED_STREAM,
        RETRIABLE_HEADERS,
        RATE_LIMITED,
        CANCELLED,
        DEADLINE_EXCEEDED,
        INTERNAL,
        RESOURCE_EXHAUSTED,
        UNAVAILABLE
    }
}

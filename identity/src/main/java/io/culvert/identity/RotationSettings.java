package io.culvert.identity;

import java.time.Duration;

/**
 * How certificates are obtained and kept fresh. Immutable.
 *
 * @param ttl the lifetime to ask for
 * @param concurrency how many requests to the CA may be under way
 * @param attemptTimeout after which an unanswered request counts as failed
 */
public record RotationSettings(Duration ttl, int concurrency, Duration attemptTimeout) {
    /** What a certificate lives for unless told otherwise. */
    public static final Duration DEFAULT_TTL = Duration.ofHours(24);

    public static final int DEFAULT_CONCURRENCY = 8;
    public static final Duration DEFAULT_ATTEMPT_TIMEOUT = Duration.ofSeconds(10);

    public RotationSettings {
        if (ttl.compareTo(Duration.ofSeconds(2)) < 0) {
            throw new IllegalArgumentException("certificate lifetime of " + ttl.toMillis() + " ms: 2 s is the least");
        }
        if (concurrency < 1) {
            throw new IllegalArgumentException(
                    "certificate requests at once: " + concurrency + ", at least 1 is needed");
        }
        if (!attemptTimeout.isPositive()) {
            throw new IllegalArgumentException("timeout of a certificate request must be above zero");
        }
    }

    /** The usual values with this lifetime. */
    public static RotationSettings of(Duration ttl) {
        return new RotationSettings(ttl, DEFAULT_CONCURRENCY, DEFAULT_ATTEMPT_TIMEOUT);
    }
}

package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.PathNormalizer;
import java.time.Duration;

/**
 * The limits of an HTTP/1.1 connection.
 *
 * @param maxHeadBytes of a request's or response's head, of trailers too; more is 431
 * @param maxFields in a head or in trailers; more is 431
 * @param headTimeout from the first byte of a head to its last; longer is 408
 * @param idleTimeout how long a client's connection may rest between requests
 * @param lingerTimeout how long a connection that we end waits for the other side to stop sending, so that what we said
 *     last is not lost to a TCP reset
 * @param window bytes of a body that may be with the inside at once
 * @param maxHeldBytes bytes that are read ahead while a request is being answered
 * @param paths how paths are normalised
 */
public record Http1Settings(
        int maxHeadBytes,
        int maxFields,
        Duration headTimeout,
        Duration idleTimeout,
        Duration lingerTimeout,
        int window,
        int maxHeldBytes,
        PathNormalizer paths) {
    /** What Envoy and Istio have where they say anything. */
    public static final Http1Settings DEFAULT = new Http1Settings(
            60 * 1024,
            100,
            Duration.ofSeconds(10),
            Duration.ofHours(1),
            Duration.ofSeconds(1),
            64 * 1024,
            16 * 1024,
            PathNormalizer.BASE);

    public Http1Settings {
        if (maxHeadBytes < 256 || maxFields < 1 || window < 1 || maxHeldBytes < 1) {
            throw new IllegalArgumentException("limits of HTTP/1.1 must be positive, a head's at least 256 bytes");
        }
        if (!isPositive(headTimeout) || !isPositive(idleTimeout) || !isPositive(lingerTimeout)) {
            throw new IllegalArgumentException("timeouts of HTTP/1.1 must be positive");
        }
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }
}

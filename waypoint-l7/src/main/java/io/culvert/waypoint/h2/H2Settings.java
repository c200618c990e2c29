package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.PathNormalizer;
import java.time.Duration;

/**
 * The limits of an HTTP/2 connection.
 *
 * @param maxStreams requests that may be under way at once, ours towards an app as well as a client's
 * @param streamWindow bytes of one body that may be with the inside at once
 * @param connectionWindow bytes of all bodies that may be on their way; its credit returns on receipt, so that one stream
 *     that is not read starves no other
 * @param maxHeadBytes of a field block as RFC 9113, section 6.5.2 counts it; more is 431
 * @param maxFields in a head or in trailers; more is 431
 * @param maxQueued bytes of one body that wait for a window before writing is unwelcome
 * @param idleTimeout how long a client's connection may rest without a stream
 * @param keepAlive after how long without a sign of life an app is asked for one, and how long it has to give it
 * @param paths how paths are normalised
 */
public record H2Settings(
        int maxStreams,
        int streamWindow,
        int connectionWindow,
        int maxHeadBytes,
        int maxFields,
        int maxQueued,
        Duration idleTimeout,
        Duration keepAlive,
        PathNormalizer paths) {
    /** What Envoy has, except for windows and streams: those bound what a slow reader makes us hold. */
    public static final H2Settings DEFAULT = new H2Settings(
            256,
            256 * 1024,
            1024 * 1024,
            60 * 1024,
            100,
            64 * 1024,
            Duration.ofHours(1),
            Duration.ofSeconds(30),
            PathNormalizer.BASE);

    private static final int DEFAULT_WINDOW = 65_535;

    public H2Settings {
        if (maxStreams < 1 || maxHeadBytes < 256 || maxFields < 1 || maxQueued < 1) {
            throw new IllegalArgumentException("limits of HTTP/2 must be positive, a head's at least 256 bytes");
        }
        if (streamWindow < 1 || connectionWindow < DEFAULT_WINDOW) {
            throw new IllegalArgumentException(
                    "a stream's window must be positive, a connection's at least 65535 bytes: it cannot shrink");
        }
        if (!isPositive(idleTimeout) || !isPositive(keepAlive)) {
            throw new IllegalArgumentException("timeouts of HTTP/2 must be positive");
        }
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }
}

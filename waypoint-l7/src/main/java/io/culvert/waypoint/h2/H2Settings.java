package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.PathNormalizer;
import java.time.Duration;

/**
 * The limits of an HTTP/2 connection.
 *
 * @param maxStreams requests that may be under way at once, ours towards an app as well as a client's
 * @param streamWindow bytes of one body that may be with the inside at once
 * @param connectionWindow bytes of all bodies of a connection: towards a client those that the inside holds too, so that
 *     this is the most of its requests that it can make us hold; towards an app those on their way only
 * @param maxHeadBytes of a field block as RFC 9113, section 6.5.2 counts it; more is 431
 * @param maxFields in a head or in trailers; more is 431
 * @param maxQueued bytes of one body that wait for a window before writing is unwelcome
 * @param maxQueuedAll bytes of all bodies of a connection that wait before each stream may queue an eighth of maxQueued only
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
        int maxQueuedAll,
        Duration idleTimeout,
        Duration keepAlive,
        PathNormalizer paths) {
    /** What Envoy has, except for windows and streams: those bound what a slow reader makes us hold. */
    public static final H2Settings DEFAULT = new H2Settings(
            256,
            256 * 1024,
            16 * 1024 * 1024,
            60 * 1024,
            100,
            64 * 1024,
            4 * 1024 * 1024,
            Duration.ofHours(1),
            Duration.ofSeconds(30),
            PathNormalizer.BASE);

    /** Of a response whose client does not read its window is held: it is smaller than a request's. */
    public static final H2Settings TOWARDS_APPS = DEFAULT.withWindows(64 * 1024, 1024 * 1024);

    private static final int DEFAULT_WINDOW = 65_535;

    public H2Settings {
        if (maxStreams < 1 || maxHeadBytes < 256 || maxFields < 1 || maxQueued < 1 || maxQueuedAll < 1) {
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

    /** The same with other windows, of a stream and of the connection. */
    H2Settings withWindows(int stream, int connection) {
        return new H2Settings(
                maxStreams,
                stream,
                connection,
                maxHeadBytes,
                maxFields,
                maxQueued,
                maxQueuedAll,
                idleTimeout,
                keepAlive,
                paths);
    }

    /**
     * The most bytes of responses that a client's connection can make us hold: what all streams may queue, and for each
     * of them its small room and what its app may still send when it is told to wait.
     *
     * @param streams that are open
     * @param appWindow of one response
     */
    public long mostQueued(int streams, int appWindow) {
        return maxQueuedAll + (long) streams * (BodyBytes.smallRoom(maxQueued) + appWindow);
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }
}

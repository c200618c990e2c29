package io.culvert.waypoint.router;

import java.time.Duration;

/**
 * The router's limits.
 *
 * @param replayBytes of a request's body that are kept for a retry or a mirror; a longer body is sent once, and not
 *     mirrored
 * @param mirrorsAtOnce copies under way at once; what is over is not sent, and counted
 * @param mirrorTime after which a copy is given up when its rule sets no limit
 * @param upgradeIdle after which an upgraded connection without a byte is closed when its rule sets no limit
 */
public record RouterSettings(int replayBytes, int mirrorsAtOnce, Duration mirrorTime, Duration upgradeIdle) {
    /** 64 KiB to replay, a thousand mirrors of at most 15 s, an hour idle. */
    public static final RouterSettings DEFAULT =
            new RouterSettings(64 * 1024, 1000, Duration.ofSeconds(15), Duration.ofHours(1));
}

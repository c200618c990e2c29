package io.culvert.core.relay;

import java.time.Duration;

/**
 * Times and sizes of sockets and relays. Immutable.
 *
 * @param connectTimeout of a TCP connect; ztunnel's value
 * @param idleTimeout a connection without a byte either way for this long is closed. A day: peers that vanish are found
 *     by keepalive, and applications keep connections idle for hours in good faith
 * @param halfCloseTimeout after one side has finished, the other may be silent for this long
 * @param keepAliveIdle before the first keepalive probe; ztunnel's value
 * @param keepAliveInterval between keepalive probes
 * @param keepAliveCount unanswered probes that end a connection
 * @param userTimeout how long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT). It also rules how long keepalive
 *     tries, so it is the keepalive total: anything shorter would end idle connections before keepalive does
 * @param lowWatermark a socket takes more bytes again when no more than these wait for it
 * @param highWatermark reading stops at the other side when this many bytes wait for a socket
 * @param maxRead largest single read; the size adapts between {@code minRead} and it
 * @param minRead first and smallest read
 */
public record RelaySettings(
        Duration connectTimeout,
        Duration idleTimeout,
        Duration halfCloseTimeout,
        Duration keepAliveIdle,
        Duration keepAliveInterval,
        int keepAliveCount,
        Duration userTimeout,
        int lowWatermark,
        int highWatermark,
        int maxRead,
        int minRead) {
    /** ztunnel's where it has one; sizes as measured. */
    public static final RelaySettings DEFAULT = new RelaySettings(
            Duration.ofSeconds(10),
            Duration.ofHours(24),
            Duration.ofMinutes(5),
            Duration.ofSeconds(180),
            Duration.ofSeconds(180),
            9,
            Duration.ofSeconds(180 * 10),
            64 << 10,
            256 << 10,
            256 << 10,
            2 << 10);

    public RelaySettings {
        require(connectTimeout.isPositive() && idleTimeout.isPositive(), "positive timeouts");
        require(halfCloseTimeout.isPositive(), "a positive half-close timeout");
        require(keepAliveIdle.toSeconds() > 0 && keepAliveInterval.toSeconds() > 0, "keepalive times of 1 s or more");
        require(keepAliveCount > 0 && !userTimeout.isNegative(), "keepalive probes and a user timeout");
        require(lowWatermark > 0 && lowWatermark < highWatermark, "lowWatermark below highWatermark");
        require(minRead >= 512 && minRead <= maxRead && maxRead <= 1 << 20, "reads between 512 bytes and 1 MiB");
    }

    /** The same with other times. */
    public RelaySettings withTimeouts(Duration connect, Duration idle, Duration halfClose) {
        return new RelaySettings(
                connect,
                idle,
                halfClose,
                keepAliveIdle,
                keepAliveInterval,
                keepAliveCount,
                userTimeout,
                lowWatermark,
                highWatermark,
                maxRead,
                minRead);
    }

    private static void require(boolean condition, String rule) {
        if (!condition) {
            throw new IllegalArgumentException("relay settings: want " + rule);
        }
    }
}

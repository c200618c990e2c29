package io.culvert.core.hbone;

import java.time.Duration;

/** Sizes, times and limits of tunnels. Immutable. */
public record HboneSettings(Flow flow, Timeouts timeouts, Limits limits) {
    public static final HboneSettings DEFAULT = new HboneSettings(Flow.DEFAULT, Timeouts.DEFAULT, Limits.DEFAULT);

    public HboneSettings with(Flow other) {
        return new HboneSettings(other, timeouts, limits);
    }

    public HboneSettings with(Timeouts other) {
        return new HboneSettings(flow, other, limits);
    }

    public HboneSettings with(Limits other) {
        return new HboneSettings(flow, timeouts, other);
    }

    /**
     * Flow control, all in bytes.
     *
     * @param initialWindow what a new stream may send us; charged to its budget at once
     * @param maxWindow what a stream's window may grow to
     * @param connectionWindow the tunnel's window, returned on receipt
     * @param maxFrame the largest DATA frame that we announce and send (16384 to 1 MiB)
     * @param highWatermark a stream is not writable from this many queued bytes on
     * @param lowWatermark and writable again from this many on
     */
    public record Flow(
            int initialWindow, int maxWindow, int connectionWindow, int maxFrame, int highWatermark, int lowWatermark) {
        public static final Flow DEFAULT = new Flow(64 << 10, 4 << 20, 16 << 20, 256 << 10, 256 << 10, 64 << 10);

        public Flow {
            Rule.require(
                    initialWindow >= 1024 && initialWindow <= maxWindow, "initialWindow between 1 KiB and maxWindow");
            Rule.require(maxWindow <= 1 << 30, "maxWindow at most 1 GiB");
            Rule.require(connectionWindow >= 65535 && connectionWindow <= 1 << 30, "connectionWindow 64 KiB to 1 GiB");
            Rule.require(maxFrame >= 16384 && maxFrame <= 1 << 20, "maxFrame between 16 KiB and 1 MiB");
            Rule.require(lowWatermark >= 0 && lowWatermark < highWatermark, "lowWatermark below highWatermark");
        }
    }

    /**
     * How long things may take.
     *
     * @param connect TCP connect
     * @param settings from the end of the TLS handshake to the peer's SETTINGS, and from ours to their acknowledgement
     * @param response from a CONNECT to its answer, on both sides; longer than the other side's own connect timeout
     * @param pingInterval between PINGs; also how often timeouts of streams and idleness are looked at
     * @param pingTimeout without an answer to a PING the tunnel is given up
     * @param idle a tunnel without streams is closed after this
     * @param drain how long the streams of an expired tunnel may still finish
     */
    public record Timeouts(
            Duration connect,
            Duration settings,
            Duration response,
            Duration pingInterval,
            Duration pingTimeout,
            Duration idle,
            Duration drain) {
        public static final Timeouts DEFAULT = new Timeouts(
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofSeconds(25),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                Duration.ofMinutes(5),
                Duration.ofSeconds(25));

        public Timeouts {
            Rule.require(connect.isPositive() && settings.isPositive() && response.isPositive(), "positive timeouts");
            Rule.require(pingInterval.isPositive() && pingTimeout.isPositive(), "positive ping times");
            Rule.require(idle.isPositive() && !drain.isNegative(), "positive idle and drain times");
        }
    }

    /**
     * How many.
     *
     * @param streamsPerTunnel the pool opens at most this many on one tunnel, fewer if the peer says so
     * @param concurrentStreams the server announces and enforces this many
     * @param serverHeaderBytes decoded size of a request's header list
     * @param clientHeaderBytes decoded size of a response's header list
     * @param tunnelsPerKey the pool makes at most this many tunnels for one key
     * @param waitingOpens so many opens may wait for a tunnel of one key
     */
    public record Limits(
            int streamsPerTunnel,
            int concurrentStreams,
            int serverHeaderBytes,
            int clientHeaderBytes,
            int tunnelsPerKey,
            int waitingOpens) {
        public static final Limits DEFAULT = new Limits(100, 100, 64 << 10, 16 << 10, 256, 4096);

        public Limits {
            Rule.require(streamsPerTunnel > 0 && concurrentStreams > 0, "positive stream limits");
            Rule.require(serverHeaderBytes >= 1024 && clientHeaderBytes >= 1024, "header lists of at least 1 KiB");
            Rule.require(tunnelsPerKey > 0 && waitingOpens > 0, "positive pool limits");
        }
    }

    /** A class of its own: the nested records must not initialise the outer one, whose constants are made of theirs. */
    private static final class Rule {
        private static void require(boolean condition, String rule) {
            if (!condition) {
                throw new IllegalArgumentException("HBONE settings: want " + rule);
            }
        }
    }
}

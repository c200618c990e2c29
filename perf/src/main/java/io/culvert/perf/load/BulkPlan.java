package io.culvert.perf.load;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Bytes in one direction, to a {@link SinkServer}.
 *
 * @param target where to
 * @param streams connections at the same time
 * @param bitsPerSecond over all streams, or 0 for as fast as they go
 * @param warmUp sent like the rest and not counted
 * @param length of what is counted
 * @param bytes when positive, the round ends after as many bytes over all streams, at the latest after {@code length}
 */
public record BulkPlan(
        InetSocketAddress target, int streams, long bitsPerSecond, Duration warmUp, Duration length, long bytes) {
    public BulkPlan {
        if (streams < 1 || bitsPerSecond < 0 || bytes < 0 || length.isNegative() || warmUp.isNegative()) {
            throw new IllegalArgumentException("streams must be positive, rate, bytes and times not negative: "
                    + streams + ", " + bitsPerSecond + ", " + bytes + ", " + warmUp + ", " + length);
        }
    }
}

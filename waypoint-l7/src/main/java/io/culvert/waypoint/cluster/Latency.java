package io.culvert.waypoint.cluster;

import java.util.concurrent.TimeUnit;

/**
 * A moving average of one endpoint's latency that jumps to peaks at once and forgets them slowly (peak EWMA, as Finagle and
 * Linkerd balance). Any thread: of observations at the same instant one may be lost, which a mean does not notice.
 */
final class Latency {
    private static final double DECAY = TimeUnit.SECONDS.toNanos(10);
    /** What an endpoint without observations costs while requests are under way: others come first until it answers. */
    private static final double UNKNOWN = TimeUnit.SECONDS.toNanos(1);

    private volatile double mean;
    private volatile long observed;

    void observe(long nanos, long now) {
        double before = decayed(now);
        double weight = Math.exp(-Math.max(0, now - observed) / DECAY);
        mean = nanos > before ? nanos : mean * weight + nanos * (1 - weight);
        observed = now;
    }

    /** The mean times the requests that would be under way. */
    double load(int active, long now) {
        double cost = decayed(now);
        if (cost == 0) {
            return active == 0 ? 0 : UNKNOWN + active;
        }
        return cost * (active + 1);
    }

    private double decayed(long now) {
        return mean * Math.exp(-Math.max(0, now - observed) / DECAY);
    }
}

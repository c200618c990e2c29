package io.culvert.perf.load;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * What to send.
 *
 * @param target where to
 * @param exchange what a request and its answer are
 * @param connections kept at the same time, each with one request at a time
 * @param rate requests per second over all connections (open loop), or 0 for as fast as answers come (closed loop)
 * @param reconnect whether each request has a connection of its own; only in closed loop
 * @param warmUp sent like the rest and not counted
 * @param length of what is counted
 */
public record RequestPlan(
        InetSocketAddress target,
        Exchange exchange,
        int connections,
        int rate,
        boolean reconnect,
        Duration warmUp,
        Duration length) {
    public RequestPlan {
        if (rate < 0 || connections < 1 || length.isNegative() || warmUp.isNegative()) {
            throw new IllegalArgumentException("connections must be positive, rate and times not negative: "
                    + connections + ", " + rate + ", " + warmUp + ", " + length);
        }
        if (reconnect && rate > 0) {
            throw new IllegalArgumentException("a connection per request is a closed loop: leave out the rate");
        }
    }
}

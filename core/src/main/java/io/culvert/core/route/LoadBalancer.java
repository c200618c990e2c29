package io.culvert.core.route;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an endpoint is chosen for a request. Immutable.
 *
 * @param hash what is hashed; null unless the algorithm is RING_HASH or MAGLEV
 * @param tableSize smallest ring, or Maglev's table
 * @param locality null: localities are not looked at
 * @param warmup null: a new endpoint gets its whole share at once
 */
public record LoadBalancer(
        Algorithm algorithm,
        @Nullable HashKey hash,
        int tableSize,
        @Nullable LocalityPolicy locality,
        @Nullable Warmup warmup) {
    /** Least requests of two. */
    public static final LoadBalancer DEFAULT = new LoadBalancer(Algorithm.LEAST_REQUEST, null, 0, null, null);

    /** The algorithms. */
    public enum Algorithm {
        ROUND_ROBIN,
        RANDOM,
        /** The one of two chosen at random that has fewer requests under way. */
        LEAST_REQUEST,
        /** The one of two whose moving average of latency times requests under way is smaller. */
        PEAK_EWMA,
        RING_HASH,
        MAGLEV
    }

    /** What of a request is hashed. */
    public sealed interface HashKey {
        /** A header field; without it the endpoint is chosen at random. */
        record Header(String name) implements HashKey {}

        /** A cookie; given out when {@code lifetime} is set and the request has none. */
        record Cookie(String name, String path, @Nullable Duration lifetime) implements HashKey {}

        /** A parameter of the query. */
        record Query(String name) implements HashKey {}

        /** The client's address. */
        record SourceIp() implements HashKey {}
    }

    /**
     * Where requests go by locality ({@code region/zone/subzone}, {@code *} at the end).
     *
     * @param distribute from a locality to shares (percent) of localities; wins over failover
     * @param failover from a region to the region that takes over
     * @param failoverPriority labels, most important first: the more an endpoint shares, the sooner it is used
     */
    public record LocalityPolicy(
            Map<String, Map<String, Integer>> distribute,
            Map<String, String> failover,
            List<String> failoverPriority) {}

    /** How the share of a new endpoint grows. */
    public record Warmup(Duration duration, double minimumPercent, double aggression) {}
}

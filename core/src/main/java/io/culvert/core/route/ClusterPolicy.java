package io.culvert.core.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The traffic policy of a cluster (DestinationRule, Gateway API policies). Immutable.
 *
 * @param outliers null: no ejection
 * @param affinity null: none; a request that bears one goes where it went before
 * @param retryBudget limit of retries beside the rule's own
 */
public record ClusterPolicy(
        LoadBalancer loadBalancer,
        ConnectionLimits limits,
        @Nullable OutlierDetection outliers,
        @Nullable SessionAffinity affinity,
        RetryBudget retryBudget) {
    /** What counts where nothing is written. */
    public static final ClusterPolicy DEFAULT =
            new ClusterPolicy(LoadBalancer.DEFAULT, ConnectionLimits.DEFAULT, null, null, RetryBudget.DEFAULT);

    /**
     * Retries at once, at most the larger of the two.
     *
     * @param percent of the requests under way
     * @param minimum always allowed
     */
    public record RetryBudget(double percent, int minimum) {
        /** On by default, so that nested retries cannot storm. */
        public static final RetryBudget DEFAULT = new RetryBudget(20, 3);
    }

    /**
     * Limits of connections and requests; {@link Integer#MAX_VALUE}: none. What is over is answered with 503, flag UO.
     *
     * @param connections to all endpoints together
     * @param pending requests that wait for a connection
     * @param requests under way
     * @param retries under way
     * @param requestsPerConnection 0: no limit
     * @param streamsPerConnection of HTTP/2
     * @param idle a connection without requests is closed after this
     * @param upgradeToHttp2 whether HTTP/1.1 requests go to the app as HTTP/2
     */
    public record ConnectionLimits(
            int connections,
            int pending,
            int requests,
            int retries,
            int requestsPerConnection,
            int streamsPerConnection,
            Duration connectTimeout,
            Duration idle,
            boolean upgradeToHttp2,
            boolean useClientProtocol) {
        /** Istio's: no limits, ten seconds to connect, an hour idle. */
        public static final ConnectionLimits DEFAULT = new ConnectionLimits(
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                0,
                Integer.MAX_VALUE,
                Duration.ofSeconds(10),
                Duration.ofHours(1),
                false,
                false);
    }

    /**
     * Passive ejection, as Envoy does it.
     *
     * @param consecutive5xx 0: off
     * @param consecutiveGatewayErrors 502 to 504; 0: off
     * @param consecutiveLocalOrigin failures before a response; 0: off; counts only when {@code splitLocalOrigin}
     * @param interval between sweeps
     * @param baseEjection times the number of ejections, at most the larger of 300 s and itself
     * @param maxEjectionPercent of the endpoints; one may always be ejected
     * @param minHealthPercent below this share of healthy endpoints ejections are ignored
     */
    public record OutlierDetection(
            int consecutive5xx,
            int consecutiveGatewayErrors,
            int consecutiveLocalOrigin,
            boolean splitLocalOrigin,
            Duration interval,
            Duration baseEjection,
            int maxEjectionPercent,
            int minHealthPercent) {}
}

package io.culvert.config;

import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.LoadBalancer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A traffic policy as a DestinationRule has it: what is null was not said. Immutable.
 *
 * @param balancing how endpoints are chosen
 * @param ports policies of single service ports, which take the place of this one
 */
record TrafficPolicy(
        @Nullable Balancing balancing,
        @Nullable ConnectionLimits limits,
        @Nullable OutlierDetection outliers,
        @Nullable RetryBudget retryBudget,
        Map<Integer, TrafficPolicy> ports) {
    /** Nothing was said. */
    static final TrafficPolicy NONE = new TrafficPolicy(null, null, null, null, Map.of());

    private static final LoadBalancer.LocalityPolicy NEAREST =
            new LoadBalancer.LocalityPolicy(Map.of(), Map.of(), List.of());

    /**
     * A load balancer.
     *
     * @param ignoreLocality whether {@code localityLbSetting.enabled} is false
     */
    record Balancing(LoadBalancer balancer, boolean ignoreLocality) {}

    /** What counts for a port: an entry of its own replaces everything but the retry budget. */
    TrafficPolicy at(int port) {
        TrafficPolicy own = ports.get(port);
        return own == null
                ? new TrafficPolicy(balancing, limits, outliers, retryBudget, Map.of())
                : new TrafficPolicy(own.balancing, own.limits, own.outliers, retryBudget, Map.of());
    }

    /**
     * What counts for a port of a subset, this being the policy of the whole service: what the subset says wins, and an
     * entry of the subset for the port replaces what both say.
     */
    TrafficPolicy at(int port, TrafficPolicy subset) {
        TrafficPolicy whole = at(port);
        TrafficPolicy own = subset.ports.get(port);
        RetryBudget budget = subset.retryBudget != null ? subset.retryBudget : whole.retryBudget;
        if (own != null) {
            return new TrafficPolicy(own.balancing, own.limits, own.outliers, budget, Map.of());
        }
        return new TrafficPolicy(
                subset.balancing != null ? subset.balancing : whole.balancing,
                subset.limits != null ? subset.limits : whole.limits,
                subset.outliers != null ? subset.outliers : whole.outliers,
                budget,
                Map.of());
    }

    /** Lays this policy, of one port, over another. */
    ClusterPolicy over(ClusterPolicy inherited) {
        LoadBalancer balancer = balancing == null ? inherited.loadBalancer() : balancing.balancer();
        boolean near = outliers != null && (balancing == null || !balancing.ignoreLocality());
        if (near && balancer.locality() == null) {
            // Istio's meshes send requests to the nearest locality as soon as sick endpoints are found out.
            balancer = new LoadBalancer(
                    balancer.algorithm(), balancer.hash(), balancer.tableSize(), NEAREST, balancer.warmup());
        } else if (!near && failsOver(balancer.locality())) {
            balancer = new LoadBalancer(
                    balancer.algorithm(), balancer.hash(), balancer.tableSize(), null, balancer.warmup());
        }
        return new ClusterPolicy(
                balancer,
                limits == null ? inherited.limits() : limits,
                outliers == null ? inherited.outliers() : outliers,
                inherited.affinity(),
                retryBudget == null ? inherited.retryBudget() : retryBudget);
    }

    private static boolean failsOver(LoadBalancer.@Nullable LocalityPolicy locality) {
        return locality != null && locality.distribute().isEmpty();
    }

    /** Whether requests are spread by a hash of something in them. */
    boolean hashes() {
        return balancing != null && balancing.balancer().hash() != null;
    }
}

package io.culvert.config;

import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.HttpMatch;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A ServiceProfile of Linkerd's; its name is that of the service. Immutable.
 *
 * @param budget null: none of its own
 * @param overrides where requests go instead; none: to the service
 */
record ServiceProfileResource(
        Meta meta, List<Route> routes, @Nullable RetryBudget budget, List<Share> overrides) implements RouteResource {
    /**
     * One route.
     *
     * @param matches one must hold
     * @param timeout null: none
     * @param failures statuses that are failures, and are retried when the route may be
     */
    record Route(
            String name,
            List<HttpMatch> matches,
            boolean retryable,
            @Nullable Duration timeout,
            Set<Integer> failures,
            Fields.Place place) {}

    /**
     * A share of the requests.
     *
     * @param port null: that which requests came to, or the only one
     */
    record Share(String host, @Nullable Integer port, int weight, Fields.Place place) {}
}

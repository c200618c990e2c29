package io.culvert.config;

import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.SessionAffinity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An XBackendTrafficPolicy. Immutable.
 *
 * @param targets what it names; those that are no Services are reported when it is compiled
 * @param budget null: the default
 * @param session null: none
 */
record BackendTrafficPolicyResource(
        Meta meta,
        List<Target> targets,
        @Nullable RetryBudget budget,
        @Nullable SessionAffinity session) implements RouteResource {
    /** A target in the policy's namespace. */
    record Target(String group, String kind, String name, Fields.Place place) {
        boolean isService() {
            return group.isEmpty() && kind.equals("Service");
        }
    }
}

package io.culvert.config;

import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.StringMatch;
import io.culvert.proto.workload.Port;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The authorization by which a pod accepts, on the target ports of services that have a waypoint, that waypoint only: a
 * client that goes round the waypoint would go round its policies. Owned by: the compiler's thread.
 */
final class WaypointOnly {
    private static final String PREFIX = "culvert-waypoint-only.";

    private final CompilerSettings settings;
    private final List<Rule> rules = new ArrayList<>();

    WaypointOnly(CompilerSettings settings) {
        this.settings = settings;
    }

    /** The pod is behind a service whose waypoint is {@code binding}, with these ports. */
    void add(WaypointBinding binding, List<Port> ports) {
        if (ports.isEmpty()) {
            return;
        }
        Match.Builder elsewhere =
                Match.newBuilder().addNotPrincipals(StringMatch.newBuilder().setExact(binding.principal(settings)));
        ports.forEach(port -> elsewhere.addDestinationPorts(port.getTargetPort()));
        rules.add(Rule.newBuilder()
                .addClauses(Clause.newBuilder().addMatches(elsewhere))
                .build());
    }

    /** The authorization of a pod, null when it needs none. */
    @Nullable
    Authorization of(ResourceKey pod) {
        if (rules.isEmpty()) {
            return null;
        }
        return Authorization.newBuilder()
                .setName(PREFIX + pod.name())
                .setNamespace(pod.namespace())
                .setScope(Scope.WORKLOAD_SELECTOR)
                .setAction(Action.DENY)
                .addAllRules(rules)
                .build();
    }
}

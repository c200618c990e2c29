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
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The authorization by which a pod accepts only waypoints where it has one: a client that goes round a waypoint would go
 * round its policies. On the target ports of services that have a waypoint that is the service's; on all others the pod's
 * own. A port to which a service without a waypoint leads stays open for that service's clients. Owned by: the
 * compiler's thread.
 */
final class WaypointOnly {
    private static final String PREFIX = "culvert-waypoint-only.";

    private final CompilerSettings settings;
    private final @Nullable WaypointBinding own;
    /** By target port. */
    private final Map<Integer, Set<String>> waypoints = new LinkedHashMap<>();

    private final Set<Integer> others = new LinkedHashSet<>();

    /** @param own the waypoint of what is sent to the pod itself; null for none */
    WaypointOnly(CompilerSettings settings, @Nullable WaypointBinding own) {
        this.settings = settings;
        this.own = own;
    }

    /** The pod is behind a service with these ports, which is reached through {@code binding} only; null: by anybody. */
    void add(@Nullable WaypointBinding binding, List<Port> ports) {
        for (Port port : ports) {
            if (binding == null) {
                others.add(port.getTargetPort());
            } else {
                waypoints
                        .computeIfAbsent(port.getTargetPort(), _ -> new LinkedHashSet<>())
                        .add(binding.principal(settings));
            }
        }
    }

    /** The authorization of a pod, null when it needs none. */
    @Nullable
    Authorization of(ResourceKey pod) {
        List<Rule> rules = rules();
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

    private List<Rule> rules() {
        Map<Set<String>, List<Integer>> ports = new LinkedHashMap<>();
        waypoints.forEach((port, principals) -> {
            Set<String> all = new LinkedHashSet<>(principals);
            if (own != null) {
                all.add(own.principal(settings));
            }
            ports.computeIfAbsent(all, _ -> new ArrayList<>()).add(port);
        });
        List<Rule> rules = new ArrayList<>();
        ports.forEach((principals, list) -> rules.add(rule(elsewhere(principals).addAllDestinationPorts(list))));
        if (own != null) {
            rules.add(rule(elsewhere(Set.of(own.principal(settings)))
                    .addAllNotDestinationPorts(waypoints.keySet())
                    .addAllNotDestinationPorts(others.stream()
                            .filter(port -> !waypoints.containsKey(port))
                            .toList())));
        }
        return rules;
    }

    private static Match.Builder elsewhere(Set<String> principals) {
        Match.Builder match = Match.newBuilder();
        principals.forEach(
                principal -> match.addNotPrincipals(StringMatch.newBuilder().setExact(principal)));
        return match;
    }

    private static Rule rule(Match.Builder match) {
        return Rule.newBuilder()
                .addClauses(Clause.newBuilder().addMatches(match))
                .build();
    }
}

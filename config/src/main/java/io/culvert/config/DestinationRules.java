package io.culvert.config;

import io.culvert.config.DestinationRuleResource.Subset;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * DestinationRules: those of the waypoint's namespace count before those of the service's, and those of the root
 * namespace last; in a namespace the most specific host counts. Owned by: the compiler's thread.
 */
final class DestinationRules implements RouteSource {
    private final CompilerSettings settings;
    private final HostIndex<DestinationRuleResource> index = new HostIndex<>(Kind.DESTINATION_RULE);

    DestinationRules(CompilerSettings settings) {
        this.settings = settings;
    }

    /** What DestinationRules say of one service. */
    record Effective(TrafficPolicy policy, Map<String, Subset> subsets, List<DestinationRuleResource> rules) {
        static final Effective NONE = new Effective(TrafficPolicy.NONE, Map.of(), List.of());

        /** The policy of a service port; {@code subset} "" for the whole service. */
        TrafficPolicy at(int port, String subset) {
            Subset own = subsets.get(subset);
            return own == null ? policy.at(port) : policy.at(port, own.policy());
        }
    }

    @Override
    public String name() {
        return "DestinationRule";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.DESTINATION_RULE);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {
        if (before instanceof DestinationRuleResource rule) {
            index.remove(host(rule), rule, touch);
        }
        if (after instanceof DestinationRuleResource rule) {
            index.add(host(rule), rule, touch);
        }
    }

    private String host(DestinationRuleResource rule) {
        return Hosts.whole(rule.host(), rule.meta().namespace(), settings);
    }

    /** What counts for a service. */
    Effective of(ServiceResource service, Scope scope) {
        String waypoint = UsedWaypoint.namespace(service, scope);
        List<HostIndex.Hit<DestinationRuleResource>> hits = index.find(Hosts.of(service.key(), settings), scope);
        for (String namespace : List.of(waypoint, service.meta().namespace(), settings.rootNamespace())) {
            List<DestinationRuleResource> rules = new ArrayList<>();
            String host = "";
            for (HostIndex.Hit<DestinationRuleResource> hit : hits) {
                DestinationRuleResource rule = hit.resource();
                boolean here = rule.meta().namespace().equals(namespace)
                        && !rule.forProxies()
                        && (Visibility.isSeen(rule.exportTo(), waypoint)
                                || Visibility.isSeen(
                                        rule.exportTo(), service.meta().namespace()));
                if (here && (host.isEmpty() || host.equals(hit.host()))) {
                    host = hit.host();
                    rules.add(rule);
                }
            }
            if (!rules.isEmpty()) {
                return merge(rules);
            }
        }
        return Effective.NONE;
    }

    // Of several for one host the oldest says the policy, and each adds its subsets.
    private static Effective merge(List<DestinationRuleResource> rules) {
        Map<String, Subset> subsets = new LinkedHashMap<>();
        TrafficPolicy policy = TrafficPolicy.NONE;
        for (DestinationRuleResource rule : rules) {
            if (policy.equals(TrafficPolicy.NONE)) {
                policy = rule.policy();
            }
            rule.subsets().forEach(subset -> subsets.putIfAbsent(subset.name(), subset));
        }
        return new Effective(policy, subsets, List.copyOf(rules));
    }

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        if (!(resource instanceof DestinationRuleResource rule) || rule.forProxies()) {
            return;
        }
        Meta meta = rule.meta();
        String host = host(rule);
        if (Hosts.isWildcard(host)) {
            return;
        }
        ResourceKey named = Hosts.service(host, settings);
        if (named == null) {
            String hint = Hosts.hint(host, settings);
            scope.report(meta.diagnostic(
                    Severity.WARNING,
                    "spec.host",
                    host + " is no service of this mesh, the rule is for nobody" + hint));
            return;
        }
        ServiceResource service = scope.service(named.namespace(), named.name());
        if (service == null) {
            scope.report(meta.diagnostic(
                    Severity.WARNING, "spec.host", "there is no " + named + ": the rule is for nobody"));
            return;
        }
        UsedWaypoint.require(service, meta, "spec.host", scope);
        Effective effective = of(service, scope);
        if (!effective.rules().contains(rule)) {
            scope.report(meta.diagnostic(Severity.WARNING, "spec.host", notUsed(rule, service, effective, scope)));
            return;
        }
        DestinationRuleResource first = effective.rules().getFirst();
        if (!first.equals(rule)
                && !rule.policy().equals(TrafficPolicy.NONE)
                && !rule.policy().equals(effective.policy())) {
            scope.report(meta.diagnostic(
                    Severity.WARNING,
                    "spec.trafficPolicy",
                    first.key() + " is older and says the policy of " + named + ": only subsets of this one are used"));
        }
        for (Subset subset : rule.subsets()) {
            if (!subset.equals(effective.subsets().get(subset.name()))) {
                scope.report(meta.diagnostic(
                        Severity.WARNING,
                        subset.place().line(),
                        subset.place().path(),
                        "subset " + subset.name() + " of " + named + " is defined in " + first.key()
                                + " already, which is older and counts"));
            }
        }
        for (int port : rule.policy().ports().keySet()) {
            if (service.port(port) == null) {
                scope.report(meta.diagnostic(
                        Severity.WARNING,
                        "spec.trafficPolicy.portLevelSettings",
                        named + " has no port " + port + service.portList()));
            }
        }
    }

    private String notUsed(DestinationRuleResource rule, ServiceResource service, Effective effective, Scope scope) {
        if (!effective.rules().isEmpty()) {
            return effective.rules().getFirst().key() + " counts for " + service.key() + " instead, by its namespace";
        }
        String waypoint = UsedWaypoint.namespace(service, scope);
        return rule.exportTo().isEmpty()
                ? "is not used: a waypoint takes DestinationRules of its own namespace (" + waypoint
                        + "), of the service's (" + service.meta().namespace() + ") and of the root namespace"
                : "is not used: exportTo leaves out namespace " + waypoint;
    }

    @Override
    public ClusterPolicy policy(
            ServiceResource service, ServiceResource.Port port, ClusterPolicy inherited, Scope scope) {
        return of(service, scope).at(port.port(), "").over(inherited);
    }

    @Override
    public List<Cluster> subsets(ServiceResource service, ServiceResource.Port port, Cluster whole, Scope scope) {
        Effective effective = of(service, scope);
        List<Cluster> clusters = new ArrayList<>();
        for (Subset subset : effective.subsets().values()) {
            ClusterPolicy policy = subset.policy().equals(TrafficPolicy.NONE)
                    ? whole.policy()
                    : own(effective, subset, port.port(), whole.policy());
            clusters.add(new Cluster(
                    Cluster.key(whole.serviceKey(), port.port(), subset.name()),
                    whole.serviceKey(),
                    port.port(),
                    subset.name(),
                    subset.labels(),
                    whole.protocol(),
                    policy));
        }
        return clusters;
    }

    // What neither says stays as other sources left it; what the whole says and a port's entry replaces is the default.
    private static ClusterPolicy own(Effective effective, Subset subset, int port, ClusterPolicy whole) {
        TrafficPolicy all = effective.policy().at(port);
        ClusterPolicy base = new ClusterPolicy(
                all.balancing() == null ? whole.loadBalancer() : ClusterPolicy.DEFAULT.loadBalancer(),
                all.limits() == null ? whole.limits() : ClusterPolicy.DEFAULT.limits(),
                all.outliers() == null ? whole.outliers() : null,
                whole.affinity(),
                whole.retryBudget());
        TrafficPolicy merged = effective.at(port, subset.name());
        return new TrafficPolicy(
                        merged.balancing(),
                        merged.limits(),
                        merged.outliers(),
                        subset.policy().retryBudget(),
                        Map.of())
                .over(base);
    }
}

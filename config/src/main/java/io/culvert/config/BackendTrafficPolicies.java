package io.culvert.config;

import io.culvert.config.BackendTrafficPolicyResource.Target;
import io.culvert.config.CompiledRoute.Age;
import io.culvert.config.RouteStatus.Condition;
import io.culvert.core.route.ClusterPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * XBackendTrafficPolicies: of several for one service the oldest counts. Owned by: the compiler's thread.
 */
final class BackendTrafficPolicies implements RouteSource {
    /** That the policies of a service are as they are. */
    private record Targeting(ResourceKey service) {}

    private final MultiMap<ResourceKey, BackendTrafficPolicyResource> byService = new MultiMap<>();

    @Override
    public String name() {
        return "XBackendTrafficPolicy";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.BACKEND_TRAFFIC_POLICY);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {
        if (before instanceof BackendTrafficPolicyResource policy) {
            services(policy).forEach(service -> byService.remove(service, policy));
            services(policy).forEach(service -> touch.accept(new Targeting(service)));
        }
        if (after instanceof BackendTrafficPolicyResource policy) {
            services(policy).forEach(service -> byService.add(service, policy));
            services(policy).forEach(service -> touch.accept(new Targeting(service)));
        }
    }

    private static List<ResourceKey> services(BackendTrafficPolicyResource policy) {
        return policy.targets().stream()
                .filter(Target::isService)
                .map(target -> service(policy, target))
                .toList();
    }

    private static ResourceKey service(BackendTrafficPolicyResource policy, Target target) {
        return new ResourceKey(Kind.SERVICE, policy.meta().namespace(), target.name());
    }

    private @Nullable BackendTrafficPolicyResource oldest(ResourceKey service, Scope scope) {
        scope.reads(new Targeting(service));
        BackendTrafficPolicyResource oldest = null;
        for (BackendTrafficPolicyResource policy : byService.get(service)) {
            if (oldest == null || age(policy).compareTo(age(oldest)) < 0) {
                oldest = policy;
            }
        }
        return oldest;
    }

    private static Age age(BackendTrafficPolicyResource policy) {
        return new Age(policy.meta().created(), policy.key());
    }

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        if (resource instanceof BackendTrafficPolicyResource policy) {
            List<RouteStatus.Parent> parents = new ArrayList<>();
            for (Target target : policy.targets()) {
                Condition condition = accepted(policy, target, scope);
                parents.add(new RouteStatus.Parent(
                        target.kind() + " " + policy.meta().namespace() + "/" + target.name(), List.of(condition)));
                if (!condition.status()) {
                    scope.report(policy.meta()
                            .diagnostic(
                                    Severity.ERROR,
                                    target.place().line(),
                                    target.place().path(),
                                    condition.message()));
                }
            }
            scope.status(new RouteStatus(key.toString(), List.of(), parents));
        }
    }

    private Condition accepted(BackendTrafficPolicyResource policy, Target target, Scope scope) {
        if (!target.isService()) {
            return refused("Invalid", "kind " + target.kind() + " is no target of this policy: name a Service");
        }
        ResourceKey service = service(policy, target);
        if (scope.service(service.namespace(), service.name()) == null) {
            return refused("TargetNotFound", "there is no " + service);
        }
        BackendTrafficPolicyResource oldest = oldest(service, scope);
        if (oldest != null && !oldest.key().equals(policy.key())) {
            return refused("Conflicted", oldest.key() + " is older and counts for " + service + ": remove one of them");
        }
        return new Condition("Accepted", true, "Accepted", "");
    }

    private static Condition refused(String reason, String message) {
        return new Condition("Accepted", false, reason, message);
    }

    @Override
    public ClusterPolicy policy(
            ServiceResource service, ServiceResource.Port port, ClusterPolicy inherited, Scope scope) {
        BackendTrafficPolicyResource policy = oldest(service.key(), scope);
        return policy == null
                ? inherited
                : new ClusterPolicy(
                        inherited.loadBalancer(),
                        inherited.limits(),
                        inherited.outliers(),
                        policy.session() == null ? inherited.affinity() : policy.session(),
                        policy.budget() == null ? inherited.retryBudget() : policy.budget());
    }
}

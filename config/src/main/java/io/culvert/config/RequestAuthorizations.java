package io.culvert.config;

import io.culvert.config.AuthorizationPolicyResource.Action;
import io.culvert.config.AuthorizationPolicyResource.Alternative;
import io.culvert.config.AuthorizationPolicyResource.HttpField;
import io.culvert.config.AuthorizationPolicyResource.Rule;
import io.culvert.config.AuthorizationPolicyResource.Target;
import io.culvert.config.RouteStatus.Condition;
import io.culvert.core.route.RequestPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * AuthorizationPolicies with targetRefs, which waypoints enforce. What a waypoint cannot tell yet closes: an ALLOW rule
 * that needs it allows nothing, a DENY rule is enforced without it. Owned by: the compiler's thread.
 */
final class RequestAuthorizations implements RouteSource {
    /** That the policies for one target are as they are. */
    private record Targeting(ResourceKey target) {}

    private final MultiMap<ResourceKey, AuthorizationPolicyResource> byTarget = new MultiMap<>();

    @Override
    public String name() {
        return "AuthorizationPolicy";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.AUTHORIZATION_POLICY);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {
        if (before instanceof AuthorizationPolicyResource policy) {
            targets(policy).forEach(target -> {
                byTarget.remove(target, policy);
                touch.accept(new Targeting(target));
            });
        }
        if (after instanceof AuthorizationPolicyResource policy) {
            targets(policy).forEach(target -> {
                byTarget.add(target, policy);
                touch.accept(new Targeting(target));
            });
        }
    }

    private static List<ResourceKey> targets(AuthorizationPolicyResource policy) {
        List<ResourceKey> keys = new ArrayList<>();
        for (Target target : policy.targets()) {
            ResourceKey key = key(policy, target);
            if (key != null && !keys.contains(key)) {
                keys.add(key);
            }
        }
        return keys;
    }

    // Null for a target that no policy can have.
    private static @Nullable ResourceKey key(AuthorizationPolicyResource policy, Target target) {
        String namespace = policy.meta().namespace();
        String group = target.group().equals("core") ? "" : target.group();
        Kind kind = Kind.of(group, target.kind());
        if (kind == Kind.GATEWAY_CLASS) {
            return new ResourceKey(kind, "", target.name());
        }
        boolean good = (kind == Kind.SERVICE || kind == Kind.GATEWAY)
                && target.namespace().equals(namespace);
        return good && kind != null ? new ResourceKey(kind, namespace, target.name()) : null;
    }

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        if (!(resource instanceof AuthorizationPolicyResource policy) || !policy.targeted()) {
            return;
        }
        List<RouteStatus.Parent> parents = new ArrayList<>();
        for (Target target : policy.targets()) {
            Condition condition = accepted(policy, target, scope);
            parents.add(new RouteStatus.Parent(
                    target.kind() + " " + target.namespace() + "/" + target.name(), List.of(condition)));
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
        if (!policy.refused()) {
            request(policy, scope::report);
        }
    }

    private static Condition accepted(AuthorizationPolicyResource policy, Target target, Scope scope) {
        ResourceKey key = key(policy, target);
        if (key == null) {
            return refused(
                    "Invalid",
                    target.namespace().equals(policy.meta().namespace())
                            ? "kind " + target.kind() + " is no target: name a Service or a Gateway"
                            : "is in another namespace: a policy is for its own; put it into namespace "
                                    + target.namespace());
        }
        return switch (key.kind()) {
            case SERVICE -> {
                ServiceResource service = scope.service(key.namespace(), key.name());
                yield service == null
                        ? refused("TargetNotFound", "there is no " + key + ": the policy is for nobody")
                        : UsedWaypoint.of(service, scope) == null
                                ? refused(
                                        "AncestorNotBound",
                                        key
                                                + " has no waypoint, so nobody enforces the policy: label the service or its"
                                                + " namespace culvert.io/use-waypoint, or use spec.selector with L4 fields")
                                : Accepted.YES;
            }
            case GATEWAY ->
                scope.get(key) instanceof GatewayResource gateway
                        ? gateway.isWaypoint(scope.settings())
                                ? Accepted.YES
                                : refused("Invalid", key + " is no waypoint of this mesh")
                        : refused("TargetNotFound", "there is no " + key + ": the policy is for nobody");
            default -> gatewayClass(policy, key, scope);
        };
    }

    private static Condition gatewayClass(AuthorizationPolicyResource policy, ResourceKey key, Scope scope) {
        String root = scope.settings().rootNamespace();
        if (!isWaypointClass(key.name(), scope)) {
            return refused("Invalid", key.name() + " is no class of waypoints: use " + GatewayResource.CLASS);
        }
        return policy.meta().namespace().equals(root)
                ? Accepted.YES
                : refused("Invalid", "a GatewayClass is a target in the root namespace only: put it into " + root);
    }

    private static boolean isWaypointClass(String name, Scope scope) {
        return name.equals(GatewayResource.CLASS)
                || (scope.settings().istioLabels() && name.equals(GatewayResource.ISTIO_CLASS));
    }

    private static Condition refused(String reason, String message) {
        return new Condition("Accepted", false, reason, message);
    }

    private static final class Accepted {
        private static final Condition YES = new Condition("Accepted", true, "Accepted", "");
    }

    @Override
    public List<RequestPolicy> policies(ServiceResource service, Scope scope) {
        List<ResourceKey> targets = new ArrayList<>(List.of(service.key()));
        ResourceKey gateway = UsedWaypoint.of(service, scope);
        if (gateway != null) {
            addWaypoint(targets, gateway, scope);
        }
        return policies(targets, scope);
    }

    @Override
    public List<RequestPolicy> policies(GatewayResource waypoint, Scope scope) {
        List<ResourceKey> targets = new ArrayList<>();
        addWaypoint(targets, waypoint.key(), scope);
        return policies(targets, scope);
    }

    private static void addWaypoint(List<ResourceKey> targets, ResourceKey gateway, Scope scope) {
        targets.add(gateway);
        targets.add(new ResourceKey(Kind.GATEWAY_CLASS, "", GatewayResource.CLASS));
        if (scope.settings().istioLabels()) {
            targets.add(new ResourceKey(Kind.GATEWAY_CLASS, "", GatewayResource.ISTIO_CLASS));
        }
    }

    private List<RequestPolicy> policies(List<ResourceKey> targets, Scope scope) {
        Map<ResourceKey, RequestPolicy> policies = new TreeMap<>();
        for (ResourceKey target : targets) {
            scope.reads(new Targeting(target));
            for (AuthorizationPolicyResource policy : byTarget.get(target)) {
                boolean counts = target.kind() != Kind.GATEWAY_CLASS
                        || policy.meta().namespace().equals(scope.settings().rootNamespace());
                RequestPolicy compiled = counts ? request(policy, _ -> {}) : null;
                if (compiled != null) {
                    policies.put(policy.key(), compiled);
                }
            }
        }
        return List.copyOf(policies.values());
    }

    // What waypoints enforce; null for what they do not, with what has to be said.
    private static @Nullable RequestPolicy request(AuthorizationPolicyResource policy, Consumer<Diagnostic> found) {
        Meta meta = policy.meta();
        String key = meta.key().path();
        if (policy.dryRun()) {
            found.accept(meta.diagnostic(
                    Severity.WARNING,
                    "metadata.annotations[" + AuthorizationPolicyReader.DRY_RUN + "]",
                    "waypoints do not count what a dry run would deny: the policy has no effect"));
            return null;
        }
        if (policy.refused()) {
            return new RequestPolicy(key, true, List.of(new RequestPolicy.Rule(List.of(), List.of(), List.of())));
        }
        switch (policy.action()) {
            case AUDIT -> {
                found.accept(meta.diagnostic(
                        Severity.WARNING, "spec.action", "AUDIT is not supported: the policy has no effect"));
                return null;
            }
            case CUSTOM ->
                found.accept(meta.diagnostic(
                        Severity.ERROR,
                        "spec.action",
                        "CUSTOM is not supported: what its rules match is denied, as nobody can be asked"));
            case DENY -> {
                if (policy.rules().isEmpty()) {
                    found.accept(meta.diagnostic(
                            Severity.WARNING, "spec.rules", "DENY without rules denies nothing: add a rule"));
                }
            }
            case ALLOW -> {}
        }
        boolean allow = policy.action() == Action.ALLOW;
        List<RequestPolicy.Rule> rules = new ArrayList<>();
        for (Rule rule : policy.rules()) {
            boolean told = report(meta, rule, allow, found);
            if (told || !allow) {
                rules.add(new RequestPolicy.Rule(conditions(rule.from()), conditions(rule.to()), when(rule.when())));
            }
        }
        return new RequestPolicy(key, !allow, rules);
    }

    // Says what a waypoint cannot tell; whether it can tell everything.
    private static boolean report(Meta meta, Rule rule, boolean allow, Consumer<Diagnostic> found) {
        List<Alternative> all = new ArrayList<>(rule.from());
        all.addAll(rule.to());
        all.addAll(rule.when());
        boolean told = true;
        for (Alternative alternative : all) {
            for (HttpField field : alternative.untold()) {
                told = false;
                found.accept(meta.diagnostic(
                        Severity.ERROR,
                        field.line(),
                        field.path(),
                        allow
                                ? "is not supported by waypoints yet: this rule allows nothing"
                                : "is not supported by waypoints yet: the rule is enforced without it, so it denies more"
                                        + " than it says"));
            }
        }
        return told;
    }

    // An alternative of which nothing is left holds always, and so the others need not be asked.
    private static List<List<RequestPolicy.Condition>> conditions(List<Alternative> alternatives) {
        List<List<RequestPolicy.Condition>> conditions = new ArrayList<>();
        for (Alternative alternative : alternatives) {
            if (alternative.request().isEmpty()) {
                return List.of();
            }
            conditions.add(alternative.request());
        }
        return conditions;
    }

    // Of "when" every one must hold.
    private static List<List<RequestPolicy.Condition>> when(List<Alternative> alternatives) {
        List<RequestPolicy.Condition> all = new ArrayList<>();
        alternatives.forEach(alternative -> all.addAll(alternative.request()));
        return all.isEmpty() ? List.of() : List.of(List.copyOf(all));
    }
}

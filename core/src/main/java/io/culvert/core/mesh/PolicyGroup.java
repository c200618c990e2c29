package io.culvert.core.mesh;

import io.culvert.proto.security.Action;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Policies of one scope, sorted by key and split by what they do. Shared by every workload in the scope. Immutable. */
final class PolicyGroup {
    static final PolicyGroup EMPTY = new PolicyGroup(List.of(), List.of());

    private final List<Policy> all;
    /** Keys that a workload names and nobody has; only in groups of one workload. */
    private final String[] unknown;

    private final Policy[] dryRunDeny;
    private final Policy[] deny;
    private final Policy[] dryRunAllow;
    private final Policy[] allow;

    private PolicyGroup(List<Policy> all, List<String> unknown) {
        this.all = all;
        this.unknown = unknown.toArray(new String[0]);
        dryRunDeny = select(all, Action.DENY, true);
        deny = select(all, Action.DENY, false);
        dryRunAllow = select(all, Action.ALLOW, true);
        allow = select(all, Action.ALLOW, false);
    }

    static PolicyGroup of(List<Policy> policies, List<String> unknown) {
        if (policies.isEmpty() && unknown.isEmpty()) {
            return EMPTY;
        }
        List<Policy> sorted = new ArrayList<>(policies);
        sorted.sort(Comparator.comparing(Policy::key));
        return new PolicyGroup(List.copyOf(sorted), unknown);
    }

    private static Policy[] select(List<Policy> from, Action action, boolean dryRun) {
        return from.stream()
                .filter(p -> p.action() == action && p.dryRun() == dryRun)
                .toArray(Policy[]::new);
    }

    List<Policy> all() {
        return all;
    }

    @Nullable
    String firstUnknown() {
        return unknown.length == 0 ? null : unknown[0];
    }

    boolean hasAllow() {
        return allow.length > 0;
    }

    boolean hasDryRun() {
        return dryRunDeny.length > 0 || dryRunAllow.length > 0;
    }

    @Nullable
    Policy firstDeny(PolicyContext connection) {
        return first(deny, connection);
    }

    @Nullable
    Policy firstAllow(PolicyContext connection) {
        return first(allow, connection);
    }

    void dryRunHits(PolicyContext connection, List<String> into) {
        hits(dryRunDeny, connection, into);
        hits(dryRunAllow, connection, into);
    }

    private static void hits(Policy[] policies, PolicyContext connection, List<String> into) {
        for (Policy policy : policies) {
            if (policy.matches(connection)) {
                into.add(policy.key());
            }
        }
    }

    private static @Nullable Policy first(Policy[] policies, PolicyContext connection) {
        for (Policy policy : policies) {
            if (policy.matches(connection)) {
                return policy;
            }
        }
        return null;
    }
}

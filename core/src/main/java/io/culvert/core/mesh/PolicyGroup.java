package io.culvert.core.mesh;

import io.culvert.proto.security.Action;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Policies of one scope, sorted by key and split by what they do. Shared by every workload in the scope. Immutable. */
final class PolicyGroup {
    static final PolicyGroup EMPTY = new PolicyGroup(List.of(), List.of(), false);

    private final List<Policy> all;
    /** Keys that a workload names and nobody has; only in groups of one workload. */
    private final String[] unknown;

    private final PolicyList dryRunDeny;
    private final PolicyList deny;
    private final PolicyList dryRunAllow;
    private final PolicyList allow;

    private PolicyGroup(List<Policy> all, List<String> unknown, boolean indexed) {
        this.all = all;
        this.unknown = unknown.toArray(new String[0]);
        dryRunDeny = select(all, Action.DENY, true, false);
        deny = select(all, Action.DENY, false, indexed);
        dryRunAllow = select(all, Action.ALLOW, true, false);
        allow = select(all, Action.ALLOW, false, indexed);
    }

    /** The policies of one workload, gathered when they are needed. */
    static PolicyGroup of(List<Policy> policies, List<String> unknown) {
        return of(policies, unknown, false);
    }

    /** The policies of a namespace or the mesh, gathered when one of them changes. */
    static PolicyGroup shared(List<Policy> policies) {
        return of(policies, List.of(), true);
    }

    private static PolicyGroup of(List<Policy> policies, List<String> unknown, boolean indexed) {
        if (policies.isEmpty() && unknown.isEmpty()) {
            return EMPTY;
        }
        List<Policy> sorted = new ArrayList<>(policies);
        sorted.sort(Comparator.comparing(Policy::key));
        return new PolicyGroup(List.copyOf(sorted), unknown, indexed);
    }

    private static PolicyList select(List<Policy> from, Action action, boolean dryRun, boolean indexed) {
        List<Policy> selected = new ArrayList<>();
        for (Policy policy : from) {
            if (policy.action() == action && policy.dryRun() == dryRun) {
                selected.add(policy);
            }
        }
        return new PolicyList(selected, indexed);
    }

    List<Policy> all() {
        return all;
    }

    @Nullable
    String firstUnknown() {
        return unknown.length == 0 ? null : unknown[0];
    }

    boolean hasAllow() {
        return !allow.isEmpty();
    }

    boolean hasDryRun() {
        return !dryRunDeny.isEmpty() || !dryRunAllow.isEmpty();
    }

    @Nullable
    Policy firstDeny(PolicyContext connection) {
        return deny.first(connection);
    }

    @Nullable
    Policy firstAllow(PolicyContext connection) {
        return allow.first(connection);
    }

    void dryRunHits(PolicyContext connection, List<String> into) {
        dryRunDeny.hits(connection, into);
        dryRunAllow.hits(connection, into);
    }
}

package io.culvert.core.mesh;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All policies that select one workload: global, of its namespace, and those it names. Immutable.
 *
 * <p>The order is ztunnel's: any DENY that matches denies; without ALLOW policies all is allowed; an ALLOW that matches
 * allows; else denied. Where ztunnel skips a policy that the workload names and nobody has, this denies.
 */
public final class PolicySet {
    private final PolicyGroup global;
    private final PolicyGroup namespace;
    private final PolicyGroup own;

    PolicySet(PolicyGroup global, PolicyGroup namespace, PolicyGroup own) {
        this.global = global;
        this.namespace = namespace;
        this.own = own;
    }

    /** Decides for one connection; allocates nothing unless a dry-run policy matches. */
    public PolicyVerdict evaluate(PolicyContext connection) {
        PolicyVerdict verdict = decide(connection);
        if (!global.hasDryRun() && !namespace.hasDryRun() && !own.hasDryRun()) {
            return verdict;
        }
        List<String> hits = new ArrayList<>(0);
        global.dryRunHits(connection, hits);
        namespace.dryRunHits(connection, hits);
        own.dryRunHits(connection, hits);
        return verdict.withDryRun(hits);
    }

    private PolicyVerdict decide(PolicyContext connection) {
        Policy deny = firstDeny(connection);
        if (deny != null) {
            return deny.verdict();
        }
        String unknown = own.firstUnknown();
        if (unknown != null) {
            return new PolicyVerdict(PolicyVerdict.Reason.UNKNOWN_POLICY, unknown, List.of());
        }
        if (!global.hasAllow() && !namespace.hasAllow() && !own.hasAllow()) {
            return PolicyVerdict.NO_POLICY;
        }
        Policy allow = firstAllow(connection);
        return allow == null ? PolicyVerdict.NO_MATCH : allow.verdict();
    }

    private @Nullable Policy firstDeny(PolicyContext connection) {
        Policy found = global.firstDeny(connection);
        found = found != null ? found : namespace.firstDeny(connection);
        return found != null ? found : own.firstDeny(connection);
    }

    private @Nullable Policy firstAllow(PolicyContext connection) {
        Policy found = own.firstAllow(connection);
        found = found != null ? found : namespace.firstAllow(connection);
        return found != null ? found : global.firstAllow(connection);
    }

    /** The policies, for status. */
    public List<Policy> policies() {
        List<Policy> list = new ArrayList<>(global.all());
        list.addAll(namespace.all());
        list.addAll(own.all());
        return list;
    }
}

package io.culvert.core.mesh;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What policy says of a connection. Immutable.
 *
 * @param policy key of the policy that decided; null when none did
 * @param dryRun keys of dry-run policies that matched: what they would have done is only logged
 */
public record PolicyVerdict(Reason reason, @Nullable String policy, List<String> dryRun) {
    /** No policy selects the workload. */
    static final PolicyVerdict NO_POLICY = new PolicyVerdict(Reason.NO_ALLOW_POLICY, null, List.of());

    static final PolicyVerdict NO_MATCH = new PolicyVerdict(Reason.NOT_ALLOWED_BY_ANY, null, List.of());

    public PolicyVerdict {
        dryRun = List.copyOf(dryRun);
    }

    /** Whether the connection may be. */
    public boolean allowed() {
        return reason == Reason.NO_ALLOW_POLICY || reason == Reason.ALLOWED_BY;
    }

    /** For the log: what decided, and what to look at. */
    public String detail() {
        return switch (reason) {
            case NO_ALLOW_POLICY -> "allowed: no ALLOW policy selects the workload";
            case ALLOWED_BY -> "allowed by policy " + policy;
            case DENIED_BY -> "denied by policy " + policy;
            case NOT_ALLOWED_BY_ANY -> "denied: ALLOW policies select the workload and none of them matches";
            case UNKNOWN_POLICY ->
                "denied: policy " + policy + " selects the workload, but the control plane has not sent it;"
                        + " check that it is accepted there";
        };
    }

    PolicyVerdict withDryRun(List<String> hits) {
        return hits.isEmpty() ? this : new PolicyVerdict(reason, policy, hits);
    }

    /** Why. */
    public enum Reason {
        /** Allowed: nothing denies, and there is no ALLOW policy. */
        NO_ALLOW_POLICY,
        /** Allowed: an ALLOW policy matches. */
        ALLOWED_BY,
        /** Denied: a DENY policy matches. */
        DENIED_BY,
        /** Denied: there are ALLOW policies, none matches. */
        NOT_ALLOWED_BY_ANY,
        /** Denied: the workload names a policy that nobody has. */
        UNKNOWN_POLICY
    }
}

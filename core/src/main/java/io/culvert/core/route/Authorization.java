package io.culvert.core.route;

import io.culvert.core.mesh.Ip;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All request policies of one service, made ready once for each table: DENYs apart from ALLOWs, address ranges parsed. Who
 * asks allocates nothing. Immutable, any thread.
 */
public final class Authorization {
    /** No policy: everything is allowed. */
    public static final Authorization NONE = of(List.of());

    private final CompiledPolicy[] denies;
    private final CompiledPolicy[] allows;

    private Authorization(CompiledPolicy[] denies, CompiledPolicy[] allows) {
        this.denies = denies;
        this.allows = allows;
    }

    /** Compiles policies, which may be in any order. */
    public static Authorization of(List<RequestPolicy> policies) {
        return new Authorization(compiled(policies, true), compiled(policies, false));
    }

    private static CompiledPolicy[] compiled(List<RequestPolicy> policies, boolean deny) {
        return policies.stream()
                .filter(policy -> policy.deny() == deny)
                .map(CompiledPolicy::of)
                .toArray(CompiledPolicy[]::new);
    }

    /** Whether there is no policy, so that nobody need be asked about. */
    public boolean isEmpty() {
        return denies.length == 0 && allows.length == 0;
    }

    /**
     * Whether policy refuses: a DENY that matches denies; then, if there are ALLOWs, one must match.
     *
     * @param request null for a connection that is no HTTP: what policies say about requests cannot be seen in it. As
     *     Istio has it, an ALLOW that asks for it does not match, and a DENY is taken without it, so that neither opens
     *     what HTTP would have closed
     * @return key of the policy that denies; "" when none of the ALLOWs matches; null when it is allowed
     */
    public @Nullable String refusal(Caller caller, HttpRoutes.@Nullable Request request) {
        for (CompiledPolicy policy : denies) {
            if (policy.matches(caller, request)) {
                return policy.key();
            }
        }
        if (allows.length == 0) {
            return null;
        }
        for (CompiledPolicy policy : allows) {
            if (policy.matches(caller, request)) {
                return null;
            }
        }
        return "";
    }

    /**
     * Who calls what, as its tunnel proved it: the same for all requests of a connection. Immutable.
     *
     * @param principal the identity without {@code spiffe://}
     * @param namespace of the identity; null for one of another shape, as the next
     * @param serviceAccount {@code namespace/name}
     * @param address the client pod's; null when it is not known, as the next
     * @param destination the address that the client dialled
     * @param port service port, as text
     */
    public record Caller(
            String principal,
            @Nullable String namespace,
            @Nullable String serviceAccount,
            String trustDomain,
            @Nullable Ip address,
            @Nullable Ip destination,
            String port) {}
}

package io.culvert.core.mesh;

import io.culvert.proto.security.Scope;
import java.util.Set;

/**
 * Exactly what one batch changed; resources that came again unchanged are not in it, nor those that one part of the batch
 * changed and a later one changed back (their services stay among {@code endpoints}). Immutable.
 *
 * @param workloads uids that came, changed or went, and those whose ownership of an address changed with them
 * @param services keys of services that came, changed or went
 * @param endpoints keys of services whose endpoints changed
 * @param policies keys of policies that came, changed or went
 * @param policyNamespaces namespaces whose namespace-wide policies changed
 * @param globalPolicies whether a policy of {@link Scope#GLOBAL} changed
 */
public record MeshDelta(
        Set<String> workloads,
        Set<String> services,
        Set<String> endpoints,
        Set<String> policies,
        Set<String> policyNamespaces,
        boolean globalPolicies) {
    /** Nothing changed. */
    static final MeshDelta NONE = new MeshDelta(Set.of(), Set.of(), Set.of(), Set.of(), Set.of(), false);

    public MeshDelta {
        workloads = Set.copyOf(workloads);
        services = Set.copyOf(services);
        endpoints = Set.copyOf(endpoints);
        policies = Set.copyOf(policies);
        policyNamespaces = Set.copyOf(policyNamespaces);
    }

    /** Whether nothing changed. */
    public boolean isEmpty() {
        return workloads.isEmpty()
                && services.isEmpty()
                && endpoints.isEmpty()
                && policies.isEmpty()
                && policyNamespaces.isEmpty()
                && !globalPolicies;
    }

    /** Whether connections to {@code workload} must be evaluated again: its policies, or itself, changed. */
    public boolean touchesPoliciesOf(Workload workload) {
        if (globalPolicies || policyNamespaces.contains(workload.namespace()) || workloads.contains(workload.uid())) {
            return true;
        }
        for (String key : workload.authorizationPolicies()) {
            if (policies.contains(key)) {
                return true;
            }
        }
        return false;
    }
}

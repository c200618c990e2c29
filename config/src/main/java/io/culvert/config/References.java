package io.culvert.config;

import java.util.List;

/** Says which namespaces and service accounts a policy names that are not there. Stateless; any thread. */
final class References {
    private References() {}

    /**
     * Checks the references of a policy.
     *
     * @return whether all are there
     */
    static boolean check(
            AuthorizationPolicyResource policy, Existence existence, String trustDomain, List<Diagnostic> found) {
        Meta meta = policy.meta();
        int before = found.size();
        checkNamespace(meta, existence, found);
        for (AuthorizationPolicyResource.Reference reference : policy.references()) {
            String namespace = reference.namespace();
            String account = reference.serviceAccount();
            String message = null;
            if (!reference.trustDomain().isEmpty() && !reference.trustDomain().equals(trustDomain)) {
                message = "trust domain " + reference.trustDomain() + " is not this mesh's (" + trustDomain
                        + "): this matches nobody";
            } else if (!existence.namespace(namespace)) {
                message = "there is no namespace " + namespace + ": this matches nobody"
                        + Suggestion.of(namespace, existence.namespaces());
            } else if (!account.isEmpty() && !existence.serviceAccount(namespace, account)) {
                String given = namespace + "/" + account;
                message = "there is no service account " + account + " in namespace " + namespace
                        + ": this matches nobody" + Suggestion.of(given, existence.accounts());
            }
            if (message != null) {
                found.add(meta.diagnostic(Severity.WARNING, reference.line(), reference.path(), message));
            }
        }
        return found.size() == before;
    }

    /** Checks that the namespace of a policy is there, and tells. */
    static boolean checkNamespace(Meta meta, Existence existence, List<Diagnostic> found) {
        if (existence.namespace(meta.namespace())) {
            return true;
        }
        found.add(meta.diagnostic(
                Severity.WARNING,
                "metadata.namespace",
                "there is no namespace " + meta.namespace() + ": the policy is for nobody"
                        + Suggestion.of(meta.namespace(), existence.namespaces())));
        return false;
    }
}

package io.culvert.config;

/** Reads NetworkPolicies for the pods that they select; the rules are the CNI's. */
final class NetworkPolicyReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        Fields pods = spec == null ? null : spec.object("podSelector");
        if (spec != null) {
            spec.known("egress", "ingress", "policyTypes").finish();
        }
        // No selector selects all, as an empty one does.
        Selector selector = pods == null ? PolicyScopes.EVERYTHING : SelectorReader.read(pods);
        return new NetworkPolicyResource(meta, selector);
    }

    // Every pod of the namespace: where nobody knows which are selected, the kernel has to see their hops.
    @Override
    public Resource closed(Fields root, Meta meta) {
        return closed(meta);
    }

    static NetworkPolicyResource closed(Meta meta) {
        return new NetworkPolicyResource(meta, PolicyScopes.EVERYTHING);
    }
}

package io.culvert.config;

import java.util.List;
import java.util.Map;

/** Reads which workloads a policy of Istio's is for. */
final class PolicyScopes {
    /** Selects every workload of the scope. */
    static final Selector EVERYTHING = new Selector(Map.of(), List.of());

    private PolicyScopes() {}

    /** {@code spec.selector.matchLabels}; a policy without one is for its whole namespace, or for the mesh. */
    static Selector selector(Fields spec) {
        Fields selector = spec.object("selector");
        if (selector == null) {
            return EVERYTHING;
        }
        Selector labels = Selector.ofLabels(SelectorReader.labels(selector, "matchLabels"));
        if (selector.has("matchExpressions")) {
            selector.error("matchExpressions", "is not supported by Istio's policies: use matchLabels");
        }
        selector.finish();
        return labels;
    }

    /** The selector of a faulty policy; everything when it has a fault itself. */
    static Selector readable(Fields root) {
        int before = root.context().errors();
        Fields spec = root.object("spec");
        Selector selector = spec == null ? EVERYTHING : selector(spec);
        return root.context().errors() == before ? selector : EVERYTHING;
    }
}

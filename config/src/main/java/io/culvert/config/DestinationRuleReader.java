package io.culvert.config;

import io.culvert.config.DestinationRuleResource.Subset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads DestinationRules. */
final class DestinationRuleReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new DestinationRuleResource(meta, "", TrafficPolicy.NONE, List.of(), List.of(), false);
        }
        String host = IstioFields.host(spec, "host");
        TrafficPolicy policy = TrafficPolicyReader.read(spec);
        List<Subset> subsets = subsets(spec);
        List<String> exportTo = Visibility.read(spec, meta);
        boolean forProxies = spec.object("workloadSelector") != null;
        if (forProxies) {
            spec.warning("workloadSelector", "gives the rule to chosen sidecars: waypoints do not use it");
        }
        spec.finish();
        return new DestinationRuleResource(meta, host, policy, subsets, exportTo, forProxies);
    }

    private static List<Subset> subsets(Fields spec) {
        List<Subset> subsets = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Fields subset : spec.objects("subsets")) {
            String name = GatewayFields.required(subset, "name");
            Map<String, String> labels = SelectorReader.labels(subset, "labels");
            TrafficPolicy policy = TrafficPolicyReader.read(subset);
            subset.finish();
            if (!name.isEmpty() && !NameGrammar.isDnsName(name)) {
                subset.error("name", "\"" + name + "\" is no name of a subset: use a-z, 0-9, '-' and '.'");
            }
            if (!name.isEmpty() && !names.add(name)) {
                subset.error("name", name + " is given twice: remove one");
            }
            if (labels.isEmpty()) {
                subset.warning("labels", "are missing: the subset is all endpoints of the service");
            }
            subsets.add(new Subset(name, labels, policy, subset.place()));
        }
        return List.copyOf(subsets);
    }
}

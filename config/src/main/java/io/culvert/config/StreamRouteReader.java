package io.culvert.config;

import io.culvert.config.StreamRouteResource.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reads TCPRoutes and TLSRoutes. */
final class StreamRouteReader implements KindReader {
    private final boolean tls;

    StreamRouteReader(boolean tls) {
        this.tls = tls;
    }

    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new StreamRouteResource(meta, List.of(), List.of(), List.of());
        }
        List<ParentRef> parents = GatewayFields.parents(spec, meta);
        List<String> hostnames = tls ? hostnames(spec) : List.of();
        List<Rule> rules = new ArrayList<>();
        for (Fields rule : spec.objects("rules")) {
            List<BackendRef> backends = new ArrayList<>();
            for (Fields ref : rule.objects("backendRefs")) {
                backends.add(GatewayFields.backend(ref, meta));
                ref.finish();
            }
            GatewayFields.atMost(rule, "backendRefs", backends.size(), 16);
            if (backends.stream().allMatch(ref -> ref.weight() == 0)) {
                rule.warning("backendRefs", "name no backend with a weight: every connection of the rule is reset");
            }
            rules.add(new Rule(rule.text("name", String.valueOf(rules.size())), List.copyOf(backends), rule.place()));
            rule.finish();
        }
        if (rules.isEmpty() && !spec.has("rules")) {
            spec.error("rules", "are missing");
        } else if (rules.size() > 1) {
            spec.warning("rules", "has more than one rule: nothing tells them apart, the first takes every connection");
        }
        spec.finish();
        return new StreamRouteResource(meta, parents, hostnames, List.copyOf(rules));
    }

    private static List<String> hostnames(Fields spec) {
        List<String> hostnames = new ArrayList<>();
        for (Fields.Text text : spec.texts("hostnames")) {
            String name = text.value().toLowerCase(Locale.ROOT);
            if (NameGrammar.isDnsName(name.startsWith("*.") ? name.substring(2) : name)) {
                hostnames.add(name);
            } else {
                spec.error(
                        "hostnames",
                        "\"" + text.value() + "\" is no server name: use a DNS name, perhaps with *. in front");
            }
        }
        if (hostnames.isEmpty() && spec.texts("hostnames").isEmpty()) {
            spec.warning("hostnames", "are missing: the route takes connections of any server name");
        }
        return List.copyOf(hostnames);
    }
}

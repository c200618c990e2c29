package io.culvert.config;

import io.culvert.config.AuthorizationPolicyResource.Action;
import io.culvert.config.AuthorizationPolicyResource.Alternative;
import io.culvert.config.AuthorizationPolicyResource.Rule;
import io.culvert.config.AuthorizationPolicyResource.Target;
import java.util.ArrayList;
import java.util.List;

/** Reads AuthorizationPolicies. */
final class AuthorizationPolicyReader implements KindReader {
    static final String DRY_RUN = "istio.io/dry-run";

    @Override
    public Resource read(Fields root, Meta meta) {
        boolean dryRun = dryRun(root, meta, true);
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            // As Istio does: no spec is an ALLOW without rules.
            return new AuthorizationPolicyResource(
                    meta, PolicyScopes.EVERYTHING, Action.ALLOW, dryRun, false, List.of(), List.of(), List.of(), false);
        }
        Selector selector = PolicyScopes.selector(spec);
        List<Target> targets = targets(spec, meta);
        boolean targeted = !targets.isEmpty();
        if (targeted && spec.has("selector")) {
            spec.error("selector", "cannot stand beside targetRefs: remove one of them");
        }
        Action action = spec.choice("action", Action.class);
        RuleReader reader = new RuleReader(meta.namespace());
        List<Rule> rules = new ArrayList<>();
        for (Fields rule : spec.objects("rules")) {
            rules.add(rule(rule, reader));
        }
        Fields provider = spec.object("provider");
        if (provider != null) {
            provider.known("name").finish();
            if (action != Action.CUSTOM) {
                spec.error("provider", "belongs to action CUSTOM only: remove it or set action: CUSTOM");
            }
        }
        spec.finish();
        return new AuthorizationPolicyResource(
                meta,
                selector,
                action == null ? Action.ALLOW : action,
                dryRun,
                targeted,
                targets,
                List.copyOf(rules),
                reader.references(),
                false);
    }

    private static boolean dryRun(Fields root, Meta meta, boolean report) {
        String value = meta.annotations().getOrDefault(DRY_RUN, "false");
        if (!value.equals("true") && !value.equals("false") && report) {
            Annotations.error(root, DRY_RUN, "\"" + value + "\" is neither true nor false: the policy is enforced");
        }
        return value.equals("true");
    }

    private static List<Target> targets(Fields spec, Meta meta) {
        List<Fields> references = new ArrayList<>(spec.objects("targetRefs"));
        Fields single = spec.object("targetRef");
        if (single != null) {
            references.add(single);
        }
        List<Target> targets = new ArrayList<>();
        for (Fields reference : references) {
            targets.add(new Target(
                    reference.text("group", ""),
                    GatewayFields.required(reference, "kind"),
                    reference.text("namespace", meta.namespace()),
                    GatewayFields.required(reference, "name"),
                    reference.place()));
            reference.finish();
        }
        return List.copyOf(targets);
    }

    private static Rule rule(Fields rule, RuleReader reader) {
        List<Alternative> from = new ArrayList<>();
        for (Fields item : rule.objects("from")) {
            Fields source = item.object("source");
            item.finish();
            if (source == null) {
                missing(item, "source");
            } else {
                from.add(reader.source(source));
            }
        }
        List<Alternative> to = new ArrayList<>();
        for (Fields item : rule.objects("to")) {
            Fields operation = item.object("operation");
            item.finish();
            if (operation == null) {
                missing(item, "operation");
            } else {
                to.add(reader.operation(operation));
            }
        }
        List<Alternative> when = new ArrayList<>();
        for (Fields condition : rule.objects("when")) {
            when.add(reader.condition(condition));
        }
        rejectEmpty(rule, "from", from);
        rejectEmpty(rule, "to", to);
        rejectEmpty(rule, "when", when);
        rule.finish();
        return new Rule(List.copyOf(from), List.copyOf(to), List.copyOf(when));
    }

    private static void missing(Fields item, String name) {
        if (!item.has(name)) {
            item.error(name, "is missing");
        }
    }

    // An empty list would match everything: whoever wrote it may have meant nothing.
    private static void rejectEmpty(Fields rule, String name, List<Alternative> alternatives) {
        if (rule.has(name) && alternatives.isEmpty() && rule.isEmptyList(name)) {
            rule.error(name, "is empty, which would match everything: fill it, or remove it if that is meant");
        }
    }

    @Override
    public Resource closed(Fields root, Meta meta) {
        Selector selector = PolicyScopes.readable(root);
        Fields spec = root.object("spec");
        List<Target> targets = spec == null ? List.of() : targets(spec, meta);
        return closed(meta, selector, dryRun(root, meta, false), targets);
    }

    static AuthorizationPolicyResource closed(Meta meta, Selector selector, boolean dryRun, List<Target> targets) {
        return new AuthorizationPolicyResource(
                meta, selector, Action.DENY, dryRun, !targets.isEmpty(), targets, List.of(Rule.ANY), List.of(), true);
    }
}

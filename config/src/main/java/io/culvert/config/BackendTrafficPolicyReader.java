package io.culvert.config;

import io.culvert.config.BackendTrafficPolicyResource.Target;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.SessionAffinity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads XBackendTrafficPolicies. */
final class BackendTrafficPolicyReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new BackendTrafficPolicyResource(meta, List.of(), null, null);
        }
        List<Target> targets = new ArrayList<>();
        for (Fields ref : spec.objects("targetRefs")) {
            targets.add(new Target(
                    ref.text("group", ""),
                    GatewayFields.required(ref, "kind"),
                    GatewayFields.required(ref, "name"),
                    ref.place()));
            ref.finish();
        }
        if (targets.isEmpty()) {
            spec.error("targetRefs", "is missing: name the services that the policy is for");
        }
        RetryBudget budget = budget(spec);
        SessionAffinity session = GatewayFields.session(spec, HttpRouteReader.sessionName(meta, ""), "/");
        spec.finish();
        return new BackendTrafficPolicyResource(meta, List.copyOf(targets), budget, session);
    }

    private static @Nullable RetryBudget budget(Fields spec) {
        Fields constraint = spec.object("retryConstraint");
        if (constraint == null) {
            return null;
        }
        int percent = 20;
        int count = 10;
        Fields budget = constraint.object("budget");
        if (budget != null) {
            Integer given = budget.number("percent", 0, 100);
            percent = given == null ? percent : given;
            interval(budget);
            budget.finish();
        }
        Fields rate = constraint.object("minRetryRate");
        if (rate != null) {
            Integer given = rate.number("count", 1, 1_000_000);
            count = given == null ? count : given;
            interval(rate);
            rate.finish();
        }
        constraint.finish();
        return new RetryBudget(percent, count);
    }

    // The budget is of requests that are under way at one moment; there is no window of time.
    private static void interval(Fields fields) {
        Duration interval = GatewayFields.duration(fields, "interval");
        if (interval != null) {
            fields.warning("interval", "is not looked at: the budget is a share of the requests that are under way");
        }
    }
}

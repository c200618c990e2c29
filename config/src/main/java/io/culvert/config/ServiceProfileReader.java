package io.culvert.config;

import io.culvert.config.ServiceProfileResource.Route;
import io.culvert.config.ServiceProfileResource.Share;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.HttpMatch;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads Linkerd's ServiceProfiles. */
final class ServiceProfileReader implements KindReader {
    private static final int THOUSAND = 1_000;

    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new ServiceProfileResource(meta, List.of(), null, List.of());
        }
        List<Route> routes = new ArrayList<>();
        for (Fields route : spec.objects("routes")) {
            routes.add(route(route));
        }
        RetryBudget budget = budget(spec);
        List<Share> overrides = new ArrayList<>();
        for (Fields item : spec.objects("dstOverrides")) {
            overrides.add(override(item));
        }
        if (!overrides.isEmpty() && overrides.stream().allMatch(each -> each.weight() == 0)) {
            spec.error("dstOverrides", "no destination has a weight: give each its share");
        }
        if (spec.has("opaquePorts")) {
            spec.texts("opaquePorts");
            spec.warning(
                    "opaquePorts", "is not executed: what a port speaks says its Service; set appProtocol: tcp there");
        }
        spec.finish();
        return new ServiceProfileResource(meta, List.copyOf(routes), budget, List.copyOf(overrides));
    }

    private static Route route(Fields route) {
        String name = GatewayFields.required(route, "name");
        foreign(route);
        Fields condition = route.object("condition");
        List<HttpMatch> matches = condition == null ? List.of() : ProfileCondition.read(condition);
        if (condition == null && !route.has("condition")) {
            route.error(
                    "condition",
                    "is missing: say which requests the route is for, as condition: {method: GET, pathRegex: /users}");
        }
        boolean retryable = route.flag("isRetryable");
        Duration timeout = IstioFields.duration(route, "timeout");
        Set<Integer> failures = failures(route.objects("responseClasses"));
        route.finish();
        return new Route(name, matches, retryable, timeout, failures, route.place());
    }

    // What is often written here and belongs to no ServiceProfile.
    private static void foreign(Fields route) {
        if (route.names().contains("routes")) {
            route.node("routes");
            route.error(
                    "routes",
                    "is no field of a route: routes of a ServiceProfile do not nest; write condition, isRetryable,"
                            + " timeout and responseClasses at the route itself, and a route for each condition");
        }
        if (route.names().contains("requestTimeout")) {
            route.node("requestTimeout");
            route.error(
                    "requestTimeout",
                    "is no field of a ServiceProfile: the time for a request with all its retries is `timeout`");
        }
        if (route.names().contains("weight")) {
            route.node("weight");
            route.error("weight", "is no field of a route: shares of the requests are spec.dstOverrides[].weight");
        }
    }

    // The first class that a status belongs to says whether it is a failure; without one, 500 and above are.
    private static Set<Integer> failures(List<Fields> classes) {
        List<Set<Integer>> statuses = new ArrayList<>();
        List<Boolean> failing = new ArrayList<>();
        for (Fields each : classes) {
            Fields condition = each.object("condition");
            if (condition == null) {
                GatewayFields.required(each, "condition");
            } else {
                statuses.add(statuses(condition));
                failing.add(each.flag("isFailure"));
            }
            if (each.names().contains("weight")) {
                each.node("weight");
                each.warning(
                        "weight", "is no field of a response class, ignored: shares are spec.dstOverrides[].weight");
            }
            each.known("isFailure").finish();
        }
        Set<Integer> failures = new TreeSet<>();
        for (int status = 100; status <= 599; status++) {
            boolean failure = status >= 500;
            for (int i = 0; i < statuses.size(); i++) {
                if (statuses.get(i).contains(status)) {
                    failure = failing.get(i);
                    break;
                }
            }
            if (failure) {
                failures.add(status);
            }
        }
        return failures;
    }

    private static Set<Integer> statuses(Fields condition) {
        Set<Integer> all = range(100, 599);
        Fields status = condition.object("status");
        boolean empty = status == null;
        if (status != null) {
            Integer least = status.number("min", 100, 599);
            Integer most = status.number("max", 100, 599);
            status.finish();
            // Linkerd takes a single bound for the status itself.
            int low = least != null ? least : most != null ? most : 100;
            int high = most != null ? most : least != null ? least : 599;
            if (low > high) {
                status.error("min", "must not be more than max");
            }
            if (least != null && most == null && !status.has("max")) {
                status.warning(
                        "min", "max is missing, so status " + least + " alone is meant: add max: 599 for a range");
            }
            all.retainAll(range(low, high));
        }
        for (Fields each : condition.objects("all")) {
            all.retainAll(statuses(each));
            empty = false;
        }
        Set<Integer> any = new TreeSet<>();
        List<Fields> alternatives = condition.objects("any");
        alternatives.forEach(each -> any.addAll(statuses(each)));
        if (!alternatives.isEmpty()) {
            all.retainAll(any);
            empty = false;
        }
        Fields not = condition.object("not");
        if (not != null) {
            all.removeAll(statuses(not));
            empty = false;
        }
        condition.finish();
        if (empty) {
            condition.error("", "is empty: give status, all, any or not");
        }
        return all;
    }

    private static Set<Integer> range(int low, int high) {
        Set<Integer> range = new TreeSet<>();
        for (int status = low; status <= high; status++) {
            range.add(status);
        }
        return range;
    }

    private static @Nullable RetryBudget budget(Fields spec) {
        Fields budget = spec.object("retryBudget");
        if (budget == null) {
            return null;
        }
        Double ratio = budget.decimal("retryRatio", 0, 1);
        Integer least = budget.number("minRetriesPerSecond", 0, Integer.MAX_VALUE);
        Duration ttl = IstioFields.duration(budget, "ttl");
        budget.finish();
        if (ttl != null) {
            budget.info("ttl", "is not looked at: the budget is a share of the requests that are under way");
        }
        return new RetryBudget(ratio == null ? 20 : Math.round(ratio * 100_000) / 1_000.0, least == null ? 10 : least);
    }

    private static Share override(Fields item) {
        String authority = GatewayFields.required(item, "authority").toLowerCase(Locale.ROOT);
        String text = item.numberOrText("weight");
        item.finish();
        int colon = authority.lastIndexOf(':');
        int port = colon < 0 ? 0 : PortText.parse(authority.substring(colon + 1));
        String host = colon < 0 ? authority : authority.substring(0, colon);
        if (port < 0 || (!host.isEmpty() && Hosts.fault(host, false) != null)) {
            item.error("authority", "\"" + authority + "\" is no service: use <name>.<namespace>.svc.<domain>:<port>");
        }
        if (text == null && !item.has("weight")) {
            item.error("weight", "is missing");
        }
        return new Share(host, port <= 0 ? null : port, text == null ? 0 : weight(item, text), item.place());
    }

    // A Kubernetes quantity, in thousandths.
    private static int weight(Fields item, String text) {
        boolean milli = text.endsWith("m");
        try {
            BigDecimal number = new BigDecimal(milli ? text.substring(0, text.length() - 1) : text);
            BigDecimal thousandths = milli ? number : number.multiply(BigDecimal.valueOf(THOUSAND));
            if (thousandths.signum() >= 0
                    && thousandths.compareTo(BigDecimal.valueOf(THOUSAND * (long) THOUSAND)) <= 0) {
                return thousandths.intValue();
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        item.error("weight", "\"" + text + "\" is no weight: use a number from 0 to 1000, or thousandths, as 500m");
        return 0;
    }
}

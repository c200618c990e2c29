package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.config.HttpRouteReader.ValueType;
import io.culvert.config.HttpRouteResource.Match;
import io.culvert.config.HttpRouteResource.PathRank;
import io.culvert.config.HttpRouteResource.Rule;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.Timeouts;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads GRPCRoutes: a method of a gRPC service is a path, {@code /service/method}. */
final class GrpcRouteReader implements KindReader {
    private static final java.util.regex.Pattern SERVICE =
            java.util.regex.Pattern.compile("[a-zA-Z_][a-zA-Z_0-9]*(\\.[a-zA-Z_][a-zA-Z_0-9]*)*");
    private static final java.util.regex.Pattern METHOD = java.util.regex.Pattern.compile("[a-zA-Z_][a-zA-Z_0-9]*");

    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new HttpRouteResource(meta, List.of(), List.of());
        }
        List<ParentRef> parents = GatewayFields.parents(spec, meta);
        HttpRouteReader.hostnames(spec);
        List<Rule> rules = new ArrayList<>();
        for (Fields rule : spec.objects("rules")) {
            rules.add(rule(rule, meta, rules.size()));
        }
        GatewayFields.atMost(spec, "rules", rules.size(), 16);
        spec.finish();
        return new HttpRouteResource(meta, parents, List.copyOf(rules));
    }

    private static Rule rule(Fields rule, Meta meta, int index) {
        String name = rule.text("name", String.valueOf(index));
        List<Match> matches = new ArrayList<>();
        for (Fields match : rule.objects("matches")) {
            matches.add(match(match));
        }
        GatewayFields.atMost(rule, "matches", matches.size(), 64);
        if (matches.isEmpty()) {
            matches.add(new Match(HttpMatch.ANY, PathRank.ANY, 0, 0));
        }
        HttpFilters filters = new HttpFilters();
        filters.readGrpc(rule, meta);
        List<BackendRef> backends = HttpRouteReader.backends(rule, meta, true);
        var session = GatewayFields.session(rule, HttpRouteReader.sessionName(meta, name), "/");
        rule.finish();
        filters.check(rule, backends);
        return filters.rule(name, List.copyOf(matches), backends, Timeouts.NONE, RetryPolicy.DEFAULT, session, rule);
    }

    private static Match match(Fields match) {
        Fields method = match.object("method");
        var headers = HttpRouteReader.headers(match);
        match.finish();
        Match path = method == null ? new Match(HttpMatch.ANY, PathRank.ANY, 0, 0) : path(method);
        return new Match(
                new HttpMatch(path.match().path(), null, null, null, headers, List.of()),
                path.path(),
                path.length(),
                path.more());
    }

    private static Match path(Fields fields) {
        boolean regex = fields.choice("type", ValueType.class) == ValueType.RegularExpression;
        String service = fields.text("service", "");
        String method = fields.text("method", "");
        fields.finish();
        if (service.isEmpty() && method.isEmpty()) {
            fields.error("", "needs service, method or both");
        } else if (!regex) {
            check(fields, "service", service, SERVICE);
            check(fields, "method", method, METHOD);
        }
        PathMatch path;
        PathRank rank;
        if (!regex && !service.isEmpty()) {
            boolean exact = !method.isEmpty();
            path = exact
                    ? new PathMatch.Exact("/" + service + "/" + method, false)
                    : new PathMatch.SegmentPrefix("/" + service);
            rank = exact ? PathRank.EXACT : PathRank.PREFIX;
        } else {
            Pattern whole = wildcard(fields, service, method);
            path = whole == null ? new PathMatch.SegmentPrefix("") : new PathMatch.Regex(whole);
            rank = PathRank.REGEX;
        }
        return new Match(
                new HttpMatch(path, null, null, null, List.of(), List.of()), rank, service.length(), method.length());
    }

    private static void check(Fields fields, String name, String text, java.util.regex.Pattern grammar) {
        if (!text.isEmpty() && !grammar.matcher(text).matches()) {
            fields.error(
                    name,
                    "\"" + text + "\" is no " + name + " of gRPC: use letters, digits and '_'"
                            + (name.equals("service") ? ", with dots between" : "")
                            + ", or type RegularExpression");
        }
    }

    private static @Nullable Pattern wildcard(Fields fields, String service, String method) {
        if (GatewayFields.regex(fields, "service", service) == null
                || GatewayFields.regex(fields, "method", method) == null) {
            return null;
        }
        String any = "[^/]+";
        return Pattern.compile(
                "/(?:" + (service.isEmpty() ? any : service) + ")/(?:" + (method.isEmpty() ? any : method) + ")");
    }
}

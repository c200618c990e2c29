package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.config.HttpRouteResource.Match;
import io.culvert.config.HttpRouteResource.PathRank;
import io.culvert.config.HttpRouteResource.Rule;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpMatch.HeaderMatch;
import io.culvert.core.route.HttpMatch.QueryMatch;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.core.route.StringMatch;
import io.culvert.core.route.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads HTTPRoutes. */
final class HttpRouteReader implements KindReader {
    // What a path's value must not hold (Gateway API, HTTPPathMatch).
    private static final List<String> NOT_IN_PATHS = List.of("//", "/./", "/../", "%2f", "%2F", "#");

    /** Named as they are written. */
    private enum PathType {
        Exact,
        PathPrefix,
        RegularExpression
    }

    /** Named as they are written. */
    enum ValueType {
        Exact,
        RegularExpression
    }

    private enum Method {
        GET,
        HEAD,
        POST,
        PUT,
        DELETE,
        CONNECT,
        OPTIONS,
        TRACE,
        PATCH
    }

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
        hostnames(spec);
        List<Rule> rules = new ArrayList<>();
        if (!spec.has("rules")) {
            // The CRD's default: one rule that matches everything, and without backends answers 500.
            spec.warning("rules", "are missing: every request is answered with 500");
            rules.add(catchAll(spec));
        }
        for (Fields rule : spec.objects("rules")) {
            rules.add(rule(rule, meta, rules.size()));
        }
        GatewayFields.atMost(spec, "rules", rules.size(), 16);
        spec.finish();
        return new HttpRouteResource(meta, parents, List.copyOf(rules));
    }

    /** {@code spec.hostnames} of a route for a mesh. */
    static void hostnames(Fields spec) {
        if (!spec.texts("hostnames").isEmpty()) {
            spec.warning(
                    "hostnames",
                    "are not looked at in a mesh: requests are routed by the service that they were sent to");
        }
    }

    private static Rule catchAll(Fields spec) {
        return new HttpFilters()
                .rule("0", List.of(anyPath()), List.of(), Timeouts.NONE, RetryPolicy.DEFAULT, null, spec);
    }

    private static Rule rule(Fields rule, Meta meta, int index) {
        String name = rule.text("name", "");
        List<Match> matches = new ArrayList<>();
        for (Fields match : rule.objects("matches")) {
            matches.add(match(match));
        }
        GatewayFields.atMost(rule, "matches", matches.size(), 64);
        if (matches.isEmpty()) {
            matches.add(anyPath());
        }
        HttpFilters filters = new HttpFilters();
        filters.read(rule, meta, prefixes(matches));
        List<BackendRef> backends = backends(rule, meta, false);
        Timeouts timeouts = timeouts(rule);
        RetryPolicy retry = retry(rule);
        String label = name.isEmpty() ? String.valueOf(index) : name;
        var session = GatewayFields.session(rule, sessionName(meta, label), cookiePath(matches));
        if (session != null && backends.stream().filter(ref -> ref.weight() > 0).count() > 1) {
            rule.warning(
                    "sessionPersistence",
                    "holds a session at an endpoint of one backend; which backend a request goes to is still chosen by"
                            + " weight: use one backend, or equal session names");
        }
        rule.finish();
        filters.check(rule, backends);
        return filters.rule(label, List.copyOf(matches), backends, timeouts, retry, session, rule);
    }

    static String sessionName(Meta meta, String rule) {
        String text = meta.key() + "/" + rule;
        return "culvert-" + Integer.toHexString(text.hashCode());
    }

    private static Match anyPath() {
        return new Match(HttpMatch.ANY, PathRank.ANY, 0, 0);
    }

    // The path that a cookie is for: that of the only match, when it says one.
    private static String cookiePath(List<Match> matches) {
        PathMatch path = matches.size() == 1 ? matches.getFirst().match().path() : null;
        return switch (path) {
            case PathMatch.Exact exact -> exact.path();
            case PathMatch.SegmentPrefix prefix -> prefix.prefix();
            case null, default -> "/";
        };
    }

    /** The prefixes of all matches, null for one that matches its path in another way. */
    private static List<@Nullable String> prefixes(List<Match> matches) {
        List<@Nullable String> prefixes = new ArrayList<>();
        for (Match match : matches) {
            prefixes.add(
                    switch (match.match().path()) {
                        case null -> "";
                        case PathMatch.SegmentPrefix prefix -> prefix.prefix();
                        default -> null;
                    });
        }
        return prefixes;
    }

    private static Match match(Fields match) {
        Fields path = match.object("path");
        Match read = path == null ? anyPath() : path(path);
        Method method = match.choice("method", Method.class);
        List<HeaderMatch> headers = headers(match);
        List<QueryMatch> query = query(match);
        match.finish();
        return new Match(
                new HttpMatch(
                        read.match().path(),
                        method == null ? null : new StringMatch.Exact(method.name(), false),
                        null,
                        null,
                        headers,
                        query),
                read.path(),
                read.length(),
                0);
    }

    private static Match path(Fields path) {
        PathType type = Objects.requireNonNullElse(path.choice("type", PathType.class), PathType.PathPrefix);
        String value = path.text("value", "/");
        path.finish();
        if (type == PathType.RegularExpression) {
            Pattern pattern = GatewayFields.regex(path, "value", value);
            return pattern == null ? anyPath() : of(new PathMatch.Regex(pattern), PathRank.REGEX, value.length());
        }
        if (!value.startsWith("/")) {
            path.error("value", "\"" + value + "\" must begin with a slash");
        }
        for (String bad : NOT_IN_PATHS) {
            if (value.contains(bad)) {
                path.error("value", "\"" + value + "\" must not contain " + bad);
            }
        }
        if (value.endsWith("/..") || value.endsWith("/.")) {
            path.error("value", "\"" + value + "\" must not end with a dot segment");
        }
        if (type == PathType.Exact) {
            return of(new PathMatch.Exact(value, false), PathRank.EXACT, value.length());
        }
        String prefix = value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
        return prefix.isEmpty() ? anyPath() : of(new PathMatch.SegmentPrefix(prefix), PathRank.PREFIX, prefix.length());
    }

    private static Match of(PathMatch path, PathRank rank, int length) {
        return new Match(new HttpMatch(path, null, null, null, List.of(), List.of()), rank, length, 0);
    }

    /** Conditions on header fields; of one name the first counts. */
    static List<HeaderMatch> headers(Fields match) {
        Map<String, HeaderMatch> headers = new LinkedHashMap<>();
        for (Fields header : match.objects("headers")) {
            String name = GatewayFields.headerName(header, "name");
            StringMatch value = value(header);
            header.finish();
            if (headers.putIfAbsent(name, new HeaderMatch(name, value, false)) != null) {
                header.warning("name", name + " is given twice: the first counts");
            }
        }
        GatewayFields.atMost(match, "headers", headers.size(), 16);
        return List.copyOf(headers.values());
    }

    private static List<QueryMatch> query(Fields match) {
        Map<String, QueryMatch> query = new LinkedHashMap<>();
        for (Fields parameter : match.objects("queryParams")) {
            String name = GatewayFields.required(parameter, "name");
            StringMatch value = value(parameter);
            parameter.finish();
            if (query.putIfAbsent(name, new QueryMatch(name, value)) != null) {
                parameter.warning("name", name + " is given twice: the first counts");
            }
        }
        GatewayFields.atMost(match, "queryParams", query.size(), 16);
        return List.copyOf(query.values());
    }

    private static StringMatch value(Fields condition) {
        boolean regex = condition.choice("type", ValueType.class) == ValueType.RegularExpression;
        String value = GatewayFields.required(condition, "value");
        Pattern pattern = regex ? GatewayFields.regex(condition, "value", value) : null;
        return pattern == null ? new StringMatch.Exact(value, false) : new StringMatch.Regex(pattern);
    }

    /** {@code backendRefs} with their filters. */
    static List<BackendRef> backends(Fields rule, Meta meta, boolean grpc) {
        List<BackendRef> backends = new ArrayList<>();
        for (Fields ref : rule.objects("backendRefs")) {
            BackendRef plain = GatewayFields.backend(ref, meta);
            HttpFilters filters = new HttpFilters();
            if (grpc) {
                filters.readGrpc(ref, meta);
            } else {
                filters.read(ref, meta, List.of());
            }
            ref.finish();
            backends.add(filters.backend(ref, plain));
        }
        GatewayFields.atMost(rule, "backendRefs", backends.size(), 16);
        return List.copyOf(backends);
    }

    private static Timeouts timeouts(Fields rule) {
        Fields timeouts = rule.object("timeouts");
        if (timeouts == null) {
            return Timeouts.NONE;
        }
        Duration request = Objects.requireNonNullElse(GatewayFields.duration(timeouts, "request"), Duration.ZERO);
        Duration backend =
                Objects.requireNonNullElse(GatewayFields.duration(timeouts, "backendRequest"), Duration.ZERO);
        timeouts.finish();
        if (!request.isZero() && backend.compareTo(request) > 0) {
            timeouts.error("backendRequest", "must not be longer than request");
        }
        return new Timeouts(request, backend, Duration.ZERO);
    }

    private static RetryPolicy retry(Fields rule) {
        Fields retry = rule.object("retry");
        if (retry == null) {
            return RetryPolicy.DEFAULT;
        }
        Set<Integer> codes = new HashSet<>(retry.numbers("codes", 400, 599));
        Integer attempts = retry.number("attempts", 0, Integer.MAX_VALUE);
        Duration backoff = GatewayFields.duration(retry, "backoff");
        retry.finish();
        int retries = attempts == null ? RetryPolicy.DEFAULT.retries() : attempts;
        if (retries == 0) {
            return RetryPolicy.NONE;
        }
        Set<Condition> on = new HashSet<>(RetryPolicy.DEFAULT.on());
        // A connection that breaks and a try that takes too long are retried whatever the codes are (GEP-1731).
        on.add(Condition.RESET);
        Duration base = backoff == null || backoff.isZero() ? RetryPolicy.DEFAULT.backoffBase() : backoff;
        return new RetryPolicy(retries, on, codes, base, base.multipliedBy(10), true);
    }

    /** A hostname that requests are sent on with, or are redirected to; null when it is absent. */
    static @Nullable String hostname(Fields filter) {
        String text = filter.text("hostname");
        if (text == null || text.isEmpty()) {
            return null;
        }
        String lower = text.toLowerCase(Locale.ROOT);
        if (!NameGrammar.isDnsName(lower)) {
            filter.error("hostname", "\"" + text + "\" is no hostname: use a-z, 0-9, '-' and '.', without a port");
        }
        return lower;
    }
}

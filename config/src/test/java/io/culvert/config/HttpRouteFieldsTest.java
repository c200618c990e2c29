package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cors;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpAction.PortFrom;
import io.culvert.core.route.HttpAction.Redirect;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.Mirror;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.SessionAffinity;
import io.culvert.core.route.StringMatch;
import io.culvert.core.route.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each field of HTTPRoute and GRPCRoute: what it compiles to, or why it is refused. */
class HttpRouteFieldsTest {
    private static final String V1 = "backendRefs: [{name: v1, port: 80}]";

    private static TestRoutes with(String fields) {
        return new TestRoutes().put("r.yaml", TestRoutes.route("HTTPRoute", "r", "[{" + fields + "}]"));
    }

    private static HttpRule rule(String fields) {
        TestRoutes routes = with(fields);
        assertThat(routes.messages()).isEmpty();
        return routes.rule();
    }

    private static HttpMatch match(String match) {
        TestRoutes routes = with("matches: [" + match + "], " + V1);
        assertThat(routes.messages()).isEmpty();
        return routes.http().entries().getFirst().match();
    }

    @Test
    void matchesAreReadFieldByField() {
        HttpMatch match =
                match("{path: {type: Exact, value: /a}, method: POST, headers: [{name: X-Env, value: canary}, "
                        + "{name: x-re, type: RegularExpression, value: 'a|b'}], queryParams: [{name: q, value: v}, "
                        + "{name: Q, type: RegularExpression, value: '[0-9]+'}]}");
        assertThat(match.path()).isEqualTo(new PathMatch.Exact("/a", false));
        assertThat(match.method()).isEqualTo(new StringMatch.Exact("POST", false));
        assertThat(match.headers()).extracting(HttpMatch.HeaderMatch::name).containsExactly("x-env", "x-re");
        assertThat(match.headers().get(1).value().matches("b")).isTrue();
        assertThat(match.headers().get(1).value().matches("ab"))
                .as("the whole value")
                .isFalse();
        assertThat(match.query()).extracting(HttpMatch.QueryMatch::name).containsExactly("q", "Q");
        assertThat(match("{}")).isEqualTo(HttpMatch.ANY);
        assertThat(match("{path: {value: /}}")).isEqualTo(HttpMatch.ANY);
        assertThat(match("{path: {value: /a/}}").path()).isEqualTo(new PathMatch.SegmentPrefix("/a"));
        PathMatch regex = Objects.requireNonNull(
                match("{path: {type: RegularExpression, value: '/v[12]/.*'}}").path());
        assertThat(regex.matches("/v2/x")).isTrue();
        assertThat(regex.matches("/a/v2/x")).isFalse();
    }

    @Test
    void ofConditionsOnOneNameTheFirstCounts() {
        TestRoutes routes = with("matches: [{headers: [{name: X, value: a}, {name: x, value: b}]}], " + V1);
        assertThat(routes.http().entries().getFirst().match().headers())
                .containsExactly(new HttpMatch.HeaderMatch("x", new StringMatch.Exact("a", false), false));
        assertThat(routes.messages())
                .containsExactly(
                        "r.yaml:6: warning: HTTPRoute shop/r: spec.rules[0].matches[0].headers[1].name: x is given "
                                + "twice: the first counts");
    }

    @Test
    void headersAreChangedAtTheRuleAndAtTheBackend() {
        String modifier = "{set: [{name: X-Set, value: s}], add: [{name: x-add, value: a}], remove: [X-Gone]}";
        String filters = "filters: [{type: RequestHeaderModifier, requestHeaderModifier: " + modifier
                + "}, {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}]";
        HttpRule rule = rule(filters + ", backendRefs: [{name: v1, port: 80, " + filters + "}]");
        HeaderChanges changes = new HeaderChanges(Map.of("x-set", "s"), Map.of("x-add", "a"), List.of("x-gone"));
        assertThat(rule.requestHeaders()).isEqualTo(changes);
        assertThat(rule.responseHeaders()).isEqualTo(new HeaderChanges(Map.of(), Map.of(), List.of("server")));
        var backend = ((HttpAction.Forward) rule.action()).backends().getFirst();
        assertThat(backend.requestHeaders()).isEqualTo(changes);
        assertThat(backend.responseHeaders()).isEqualTo(rule.responseHeaders());
    }

    @Test
    void redirectsAreReadFieldByField() {
        String prefix = "matches: [{path: {value: /old/}}], ";
        assertThat(rule("filters: [{type: RequestRedirect, requestRedirect: {}}]")
                        .action())
                .isEqualTo(new Redirect(null, null, 0, PortFrom.LISTENER_OR_SCHEME, null, 302));
        assertThat(rule(prefix
                                + "filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: N.example.com,"
                                + " port: 8443, statusCode: 308, path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}]")
                        .action())
                .isEqualTo(new Redirect(
                        "https",
                        "n.example.com",
                        8443,
                        PortFrom.LISTENER_OR_SCHEME,
                        new PathChange.Prefix("/old", "/new", true),
                        308));
    }

    @Test
    void rewritesAreReadFieldByField() {
        assertThat(rule("filters: [{type: URLRewrite, urlRewrite: {hostname: other.example.com, path: {type: "
                                + "ReplaceFullPath, replaceFullPath: /all}}}], " + V1)
                        .rewrite())
                .isEqualTo(new Rewrite("other.example.com", new PathChange.Full("/all")));
        assertThat(
                        rule("filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: "
                                        + "/x}}}], " + V1)
                                .rewrite())
                .isEqualTo(new Rewrite(null, new PathChange.Prefix("", "/x", true)));
    }

    @Test
    void mirrorsHaveSharesAndThoseToNowhereAreLeftOut() {
        String mirror = "{type: RequestMirror, requestMirror: {backendRef: {name: v2, port: 80}";
        Backend v2 = new Backend.ToCluster("shop/v2.shop.svc.cluster.local|80|");
        assertThat(rule("filters: [" + mirror + "}}, " + mirror + ", percent: 5}}, " + mirror
                                + ", fraction: {numerator: 1, denominator: 1000}}}], " + V1)
                        .mirrors())
                .containsExactly(new Mirror(v2, 1_000_000), new Mirror(v2, 50_000), new Mirror(v2, 1_000));
        TestRoutes routes = with("filters: [" + mirror.replace("v2", "nope") + "}}], " + V1);
        assertThat(routes.rule().mirrors()).isEmpty();
        assertThat(routes.conditions("HTTPRoute shop/r")).contains("ResolvedRefs=false/BackendNotFound");
    }

    @Test
    void corsIsReadFieldByField() {
        Cors cors = Objects.requireNonNull(
                rule("filters: [{type: CORS, cors: {allowOrigins: ['https://a.example.com', 'https://*.b.example.com', '*'], "
                                + "allowMethods: [GET, '*'], allowHeaders: [x-a], exposeHeaders: [x-b], maxAge: 60, "
                                + "allowCredentials: true}}], " + V1)
                        .cors());
        assertThat(cors.allowOrigins().getFirst().matches("https://a.example.com"))
                .isTrue();
        StringMatch wildcard = cors.allowOrigins().get(1);
        assertThat(List.of("https://x.b.example.com", "https://y.x.b.example.com"))
                .allMatch(wildcard::matches);
        assertThat(List.of(
                        "https://b.example.com",
                        "http://x.b.example.com",
                        "https://x.b.example.com.evil",
                        "https://xb.example.com"))
                .noneMatch(wildcard::matches);
        assertThat(cors.allowOrigins().get(2)).isEqualTo(new StringMatch.Present());
        assertThat(cors.allowMethods()).containsExactly("GET", "*");
        assertThat(cors.maxAge()).isEqualTo(Duration.ofMinutes(1));
        assertThat(cors.allowCredentials()).isTrue();
        assertThat(cors.forwardUnmatchedPreflights()).isFalse();
        assertThat(Objects.requireNonNull(
                                rule("filters: [{type: CORS, cors: {}}], " + V1).cors())
                        .maxAge())
                .isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void timeoutsAndRetriesAreReadFieldByField() {
        HttpRule rule =
                rule("timeouts: {request: 1m30s, backendRequest: 500ms}, retry: {codes: [500, 503], attempts: 3, "
                        + "backoff: 10ms}, " + V1);
        assertThat(rule.timeouts())
                .isEqualTo(new Timeouts(Duration.ofSeconds(90), Duration.ofMillis(500), Duration.ZERO));
        assertThat(rule.retry().retries()).isEqualTo(3);
        assertThat(rule.retry().codes()).isEqualTo(Set.of(500, 503));
        assertThat(rule.retry().on()).contains(Condition.CONNECT_FAILURE, Condition.RESET);
        assertThat(rule.retry().backoffBase()).isEqualTo(Duration.ofMillis(10));
        assertThat(rule.retry().backoffMax()).isEqualTo(Duration.ofMillis(100));
        assertThat(rule("retry: {attempts: 0}, " + V1).retry()).isEqualTo(RetryPolicy.NONE);
        assertThat(rule(V1).retry()).as("on by default").isEqualTo(RetryPolicy.DEFAULT);
        assertThat(rule("timeouts: {request: 0s, backendRequest: 1s}, " + V1)
                        .timeouts()
                        .request())
                .as("no limit")
                .isZero();
    }

    @Test
    void aSessionTakesAClusterOfItsOwn() {
        TestRoutes routes =
                with("name: sticky, matches: [{path: {value: /cart}}], sessionPersistence: {sessionName: s, "
                        + "absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}, " + V1);
        assertThat(routes.messages()).isEmpty();
        String key = "shop/v1.shop.svc.cluster.local|80|session:HTTPRoute/shop/r/sticky";
        assertThat(routes.backends()).isEqualTo(Map.of(key, 1));
        assertThat(routes.cluster(key).policy().affinity())
                .isEqualTo(new SessionAffinity(true, "s", "/cart", Duration.ofHours(1)));
        assertThat(routes.cluster("shop/v1.shop.svc.cluster.local|80|").policy().affinity())
                .isNull();
        routes.put("r.yaml", null);
        assertThat(routes.last.table().clusters()).doesNotContainKey(key);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{type: ExtensionRef, extensionRef: {group: x.io, kind: Lua, name: l}} | there is no extension Lua l",
                "{type: ExternalAuth, externalAuth: {protocol: HTTP}} | ExternalAuth is not supported",
            })
    void aFilterThatCannotBeExecutedIsNotSkipped(String filter, String message) {
        TestRoutes routes = with("filters: [" + filter + "], " + V1);
        assertThat(routes.backends()).isEqualTo(Map.of("500 " + message, 1));
        assertThat(routes.messages())
                .containsExactly("r.yaml:6: error: HTTPRoute shop/r: spec.rules[0].filters[0]: " + message
                        + ": its requests are answered with 500; remove the filter");
        assertThat(routes.conditions("HTTPRoute shop/r"))
                .containsExactly("Accepted=true/Accepted", "ResolvedRefs=false/InvalidKind");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "matches: [{path: {value: a}}] | matches[0].path.value | \"a\" must begin with a slash",
                "matches: [{path: {value: /a//b}}] | matches[0].path.value | \"/a//b\" must not contain //",
                "matches: [{path: {value: /a/..}}] | matches[0].path.value | \"/a/..\" must not end with a dot segment",
                "matches: [{path: {type: exact, value: /a}}] | matches[0].path.type | \"exact\" is not one of Exact, PathPrefix, RegularExpression; did you mean `Exact`?",
                "matches: [{path: {type: RegularExpression, value: '(a'}}] | matches[0].path.value | \"(a\" is no regular expression of RE2: missing closing ) at (a",
                "matches: [{method: get}] | matches[0].method | \"get\" is not one of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH; did you mean `GET`?",
                "matches: [{headers: [{name: 'a b', value: c}]}] | matches[0].headers[0].name | \"a b\" is no name of a header field",
                "matches: [{headers: [{name: a}]}] | matches[0].headers[0].value | is missing",
                "filters: [{type: Rewrite}] | filters[0].type | \"Rewrite\" is not one of RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, RequestRedirect, URLRewrite, CORS, ExternalAuth, ExtensionRef; did you mean `URLRewrite`?",
                "filters: [{type: CORS}] | filters[0].cors | is missing: the filter's type needs it",
                "filters: [{type: CORS, cors: {}}, {type: CORS, cors: {}}] | filters[1].type | CORS is given twice: remove one",
                "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath}}}] | filters[0].urlRewrite.path.replaceFullPath | is missing: the type needs it",
                "matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}] | filters[0].urlRewrite.path.type | ReplacePrefixMatch needs a rule with exactly one match, whose path is a PathPrefix",
                "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: v1, port: 80}, percent: 101}}] | filters[0].requestMirror.percent | 101 is out of range: use 0 to 100",
                "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: v1}}}] | filters[0].requestMirror.backendRef.port | is missing: a Service is named with its port",
                "timeouts: {request: 10} | timeouts.request | must be a string, is the number 10: put it in quotes",
                "timeouts: {request: 1.5s} | timeouts.request | \"1.5s\" is no duration: use up to four whole numbers, each with h, m, s or ms, as 1m30s",
                "timeouts: {request: 1s, backendRequest: 2s} | timeouts.backendRequest | must not be longer than request",
                "retry: {codes: [200]} | retry.codes[0] | 200 is out of range: use 400 to 599",
                "sessionPersistence: {cookieConfig: {lifetimeType: Permanent}} | sessionPersistence.absoluteTimeout | is missing: a permanent cookie needs it",
                "sessionPersistence: {type: Header, cookieConfig: {}} | sessionPersistence.cookieConfig | belongs to type Cookie only: remove it",
            })
    void whatTheApiDoesNotAllowIsRefusedWithFieldAndRemedy(String fields, String path, String message) {
        TestRoutes routes = with(fields + ", " + V1);
        assertThat(routes.last.table().services()).isEmpty();
        assertThat(routes.messages())
                .contains("r.yaml:6: error: HTTPRoute shop/r: spec.rules[0]." + path + ": " + message);
        assertThat(routes.conditions("HTTPRoute shop/r")).containsExactly("Accepted=false/UnsupportedValue");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "filters: [{type: RequestRedirect, requestRedirect: {}}], " + V1
                        + " | backendRefs | are never reached behind a RequestRedirect: remove one of them",
                "filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {}}]"
                        + " | filters | RequestRedirect and URLRewrite exclude each other: remove one",
                "backendRefs: [{name: v1, port: 80, filters: [{type: CORS, cors: {}}]}]"
                        + " | backendRefs[0].filters | CORS is not supported for a single backend: put it at the rule, and this backend in a rule of its own",
                "backendRefs: [{name: v1, port: 80, weight: 1000001}]"
                        + " | backendRefs[0].weight | 1000001 is out of range: use 0 to 1000000",
            })
    void whatExcludesEachOtherIsRefused(String fields, String path, String message) {
        TestRoutes routes = with(fields);
        assertThat(routes.last.table().services()).isEmpty();
        assertThat(routes.messages())
                .contains("r.yaml:6: error: HTTPRoute shop/r: spec.rules[0]." + path + ": " + message);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "backendRefs: [{name: v1, port: 80, weight: 0}] | spec.rules[0].backendRefs | all have weight 0: every request of the rule is answered with 500",
                "name: nothing | spec.rules[0].backendRefs | are missing: every request of the rule is answered with 500",
                "timeout: 1s, " + V1 + " | spec.rules[0].timeout | unknown field, ignored; did you mean `timeouts`?",
                "sessionPersistence: {sessionName: s, idleTimeout: 1h}, " + V1
                        + " | spec.rules[0].sessionPersistence.idleTimeout | is not enforced: a session is known by its value alone",
                "sessionPersistence: {sessionName: s, absoluteTimeout: 1h}, " + V1
                        + " | spec.rules[0].sessionPersistence.absoluteTimeout | is not enforced: only cookies of cookieConfig.lifetimeType Permanent end after a time",
            })
    void whatIsProbablyNotMeantIsWarnedOf(String fields, String path, String message) {
        TestRoutes routes = with(fields);
        assertThat(routes.http().entries()).hasSize(1);
        assertThat(routes.messages()).containsExactly("r.yaml:6: warning: HTTPRoute shop/r: " + path + ": " + message);
    }

    @Test
    void grpcMethodsArePaths() {
        String route = TestRoutes.route(
                "GRPCRoute",
                "g",
                "[{name: exact, matches: [{method: {service: shop.Cart, method: Add}}], " + V1 + "}, "
                        + "{name: service, matches: [{method: {service: shop.Cart}}], " + V1 + "}, "
                        + "{name: method, matches: [{method: {method: Get}}], " + V1 + "}, "
                        + "{name: regex, matches: [{method: {type: RegularExpression, service: 'shop\\..*'}}], " + V1
                        + "}, {name: any, " + V1 + "}]");
        TestRoutes routes = new TestRoutes().put("g.yaml", route);
        assertThat(routes.messages()).isEmpty();
        assertThat(grpc(routes, "/shop.Cart/Add")).isEqualTo("g/exact");
        assertThat(grpc(routes, "/shop.Cart/Drop")).isEqualTo("g/service");
        assertThat(grpc(routes, "/shop.Cartel/Drop")).isEqualTo("g/regex");
        assertThat(grpc(routes, "/bank.Vault/Get")).isEqualTo("g/method");
        assertThat(grpc(routes, "/bank.Vault/Open")).isEqualTo("g/any");
    }

    private static String grpc(TestRoutes routes, String path) {
        for (var entry : routes.http().entries()) {
            PathMatch match = entry.match().path();
            if (match == null || match.matches(path)) {
                return entry.rule().name().replace("GRPCRoute/shop/", "");
            }
        }
        return "";
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "matches: [{method: {}}] | matches[0].method | needs service, method or both",
                "matches: [{method: {service: a/B}}] | matches[0].method.service | \"a/B\" is no service of gRPC: use letters, digits and '_', with dots between, or type RegularExpression",
                "filters: [{type: URLRewrite, urlRewrite: {}}] | filters | URLRewrite is no filter of a GRPCRoute: remove it",
            })
    void whatGrpcRoutesDoNotAllowIsRefused(String fields, String path, String message) {
        TestRoutes routes =
                new TestRoutes().put("r.yaml", TestRoutes.route("GRPCRoute", "r", "[{" + fields + ", " + V1 + "}]"));
        assertThat(routes.messages())
                .contains("r.yaml:6: error: GRPCRoute shop/r: spec.rules[0]." + path + ": " + message);
    }
}

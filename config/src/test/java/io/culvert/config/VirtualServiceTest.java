package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpAction.PortFrom;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.Timeouts;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway") // what is missing fails the test
class VirtualServiceTest {
    private static final String ROUTE = "route: [{destination: {host: reviews}}]";

    private static Rewrite rewrite(HttpRule rule) {
        return Objects.requireNonNull(rule.rewrite(), rule.name());
    }

    @ParameterizedTest(name = "{0} on {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "uri: {exact: /a}|GET /a|true",
                "uri: {exact: /a}|GET /A|false",
                "{uri: {exact: /a}, ignoreUriCase: true}|GET /A|true",
                "uri: {prefix: /v2}|GET /v2x|true",
                "uri: {prefix: /v2}|GET /v1|false",
                "{uri: {prefix: /v2}, ignoreUriCase: true}|GET /V2/x|true",
                "uri: {regex: '/a.*'}|GET /abc|true",
                "uri: {regex: 'a'}|GET /abc|false",
                "method: {exact: POST}|POST /|true",
                "method: {regex: '[GP][EU]T'}|POST /|false",
                "scheme: {exact: http}|GET /|true",
                "scheme: {exact: https}|GET /|false",
                "authority: {exact: Reviews}|GET /|true",
                "authority: {prefix: rev}|GET /|true",
                "authority: {exact: other}|GET /|false",
                "headers: {X-User: {exact: jason}}|GET / x-user=jason|true",
                "headers: {x-user: {prefix: ja}}|GET / x-user=jason|true",
                "headers: {x-user: {regex: 'j.n'}}|GET / x-user=jason|false",
                "headers: {x-user: {}}|GET / x-user=|true",
                "headers: {x-user: {regex: '*'}}|GET / x-user=y|true",
                "headers: {x-user: {}}|GET /|false",
                "withoutHeaders: {x-user: {exact: jason}}|GET / x-user=jason|false",
                "withoutHeaders: {x-user: {exact: jason}}|GET / x-user=eve|true",
                "withoutHeaders: {x-user: {exact: jason}}|GET /|true",
                "withoutHeaders: {x-user: {}}|GET / x-user=eve|false",
                "queryParams: {v: {exact: '1'}}|GET /?v=1|true",
                "queryParams: {v: {prefix: '1'}}|GET /?v=12|true",
                "queryParams: {v: {regex: '[0-9]+'}}|GET /?v=x|false",
                "queryParams: {v: {}}|GET /?v=|true",
                "queryParams: {v: {regex: ''}}|GET /?w=1|false",
            })
    void everyConditionIsExecuted(String match, String request, boolean expected) {
        String block = match.startsWith("{") ? match : "{" + match + "}";
        IstioMesh mesh = new IstioMesh().toReviews("match: [" + block + "]");
        assertThat(mesh.messages()).isEmpty();
        assertThat(new TestRequest(request).fulfils(mesh.match())).isEqualTo(expected);
    }

    @Test
    void blocksAreAlternativesInOrder() {
        IstioMesh mesh = new IstioMesh().toReviews("match: [{uri: {exact: /a}}, {uri: {exact: /b}}]");
        assertThat(mesh.http("reviews").entries()).hasSize(2);
        assertThat(mesh.entry(0).rule()).isSameAs(mesh.entry(1).rule());
        assertThat(mesh.http("reviews").attached()).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "sourceLabels: {app: x}|sourceLabels: a waypoint does not know the labels of clients: this match takes nothing; use sourceNamespace",
                "gateways: [edge]|gateways: names gateways only, so this match takes nothing in the mesh: add \"mesh\"",
                "headers: {'@request.auth.claims[a]': {exact: b}}|headers.[@request.auth.claims[a]]: claims of tokens are not known to waypoints yet: this match takes nothing",
                "headers: {':path': {exact: b}}|headers.:path: pseudo-headers are no headers, so this match takes nothing: use uri, method, authority and scheme",
            })
    void aMatchThatAWaypointCannotTellTakesNothing(String match, String message) {
        IstioMesh mesh = new IstioMesh().rule("{match: [{" + match + "}], " + ROUTE + "}, {" + ROUTE + "}");
        assertThat(mesh.messages())
                .containsExactly("vs.yaml:1: warning: VirtualService default/vs: spec.http[0].match[0]."
                        + message.replace("headers.[", "headers["));
        assertThat(mesh.http("reviews").entries()).hasSize(1);
        assertThat(mesh.match()).isEqualTo(HttpMatch.ANY);
    }

    @Test
    void aMatchThatNamesTheMeshBesideGatewaysCounts() {
        assertThat(new IstioMesh()
                        .toReviews("match: [{gateways: [edge, mesh]}]")
                        .http("reviews")
                        .entries())
                .hasSize(1);
    }

    @Test
    void portsHaveTheirOwnRules() {
        IstioMesh mesh = new IstioMesh()
                .virtual(
                        "vs",
                        "hosts: [two-ports], http: [{match: [{port: 81}], route: [{destination: {host: reviews}}]}, "
                                + "{route: [{destination: {host: two-ports}}]}]");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.port("two-ports", 80).http().entries()).hasSize(1);
        assertThat(mesh.port("two-ports", 81).http().entries()).hasSize(2);
        // Without a port the request stays at the one that it came to.
        assertThat(IstioMesh.backends(
                        mesh.port("two-ports", 80).http().entries().get(0).rule()))
                .containsOnlyKeys("two-ports|80|");
        assertThat(IstioMesh.backends(
                        mesh.port("two-ports", 81).http().entries().get(1).rule()))
                .containsOnlyKeys("two-ports|81|");
    }

    @Test
    void clientsOfANamespaceHaveTheRulesThatAreForThem() {
        IstioMesh mesh = new IstioMesh()
                .rule("{match: [{sourceNamespace: bank}], route: [{destination: {host: payments}}]}, {" + ROUTE + "}");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.port("reviews", 80).http("shop").entries()).hasSize(1);
        assertThat(mesh.port("reviews", 80).http("bank").entries()).hasSize(2);
        assertThat(IstioMesh.backends(mesh.port("reviews", 80)
                        .http("bank")
                        .entries()
                        .getFirst()
                        .rule()))
                .containsOnlyKeys("payments|80|");
    }

    @Test
    void aSingleDestinationGetsEverythingAndZeroGetsNothing() {
        assertThat(IstioMesh.backends(new IstioMesh()
                        .rule("{route: [{destination: {host: reviews}, weight: 0}]}")
                        .rule()))
                .containsExactly(Map.entry("reviews|80|", 1));
        assertThat(IstioMesh.backends(new IstioMesh()
                        .rule(
                                "{route: [{destination: {host: reviews}, weight: 0}, {destination: {host: payments}, weight: 3}]}")
                        .rule()))
                .containsExactly(Map.entry("payments|80|", 3));
    }

    @Test
    void headersAreChangedAtTheRuleAndAtTheDestination() {
        IstioMesh mesh = new IstioMesh()
                .rule(
                        "{route: [{destination: {host: reviews}, headers: {response: {set: {X-V: '1'}}}}], "
                                + "headers: {request: {set: {X-A: '50%%'}, add: {x-b: b}, remove: [X-C], }, response: {remove: [server]}}}");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.rule().requestHeaders().set()).containsExactly(Map.entry("x-a", "50%"));
        assertThat(mesh.rule().requestHeaders().add()).containsExactly(Map.entry("x-b", "b"));
        assertThat(mesh.rule().requestHeaders().remove()).containsExactly("x-c");
        assertThat(mesh.rule().responseHeaders().remove()).containsExactly("server");
        var backend = ((HttpAction.Forward) mesh.rule().action()).backends().getFirst();
        assertThat(backend.responseHeaders().set()).containsExactly(Map.entry("x-v", "1"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "headers: {request: {set: {host: a.example}}}|a.example",
                "headers: {request: {set: {':authority': a.example}}}|a.example",
                "{rewrite: {authority: b.example}, headers: {request: {set: {host: a.example}}}}|b.example",
            })
    void theAuthorityIsRewritten(String fields, String authority) {
        String plain = fields.startsWith("{") ? fields.substring(1, fields.length() - 1) : fields;
        IstioMesh mesh = new IstioMesh().toReviews(plain);
        assertThat(mesh.messages()).isEmpty();
        assertThat(rewrite(mesh.rule()).authority()).isEqualTo(authority);
        assertThat(mesh.rule().requestHeaders().isEmpty()).isTrue();
    }

    @Test
    void aDestinationAloneMayRewriteTheAuthority() {
        String own = "headers: {request: {set: {host: a.example}}}";
        IstioMesh mesh = new IstioMesh().rule("{route: [{destination: {host: reviews}, " + own + "}]}");
        assertThat(rewrite(mesh.rule()).authority()).isEqualTo("a.example");
        mesh.rule("{route: [{destination: {host: reviews}, weight: 1, " + own
                + "}, {destination: {host: payments}, weight: 1}]}");
        assertThat(mesh.rule().rewrite()).isNull();
        assertThat(mesh.messages())
                .containsExactly(
                        "vs.yaml:1: warning: VirtualService default/vs: spec.http[0].route[0].destination: "
                                + "the authority cannot be changed for one of several destinations: it stays; use a rule of its own, or rewrite.authority");
    }

    @Test
    void aPathIsRewrittenByWhatItWasMatchedBy() {
        String rewrite = "rewrite: {uri: /new}, ";
        IstioMesh mesh = new IstioMesh()
                .rule("{" + rewrite
                        + "match: [{uri: {prefix: /old}}, {uri: {exact: /one}}, {uri: {regex: '/r.*'}}, {method: {exact: GET}}], "
                        + ROUTE + "}");
        assertThat(mesh.http("reviews").entries())
                .extracting(entry -> rewrite(entry.rule()).path())
                .containsExactly(
                        new PathChange.Prefix("/old", "/new", false),
                        new PathChange.Full("/new"),
                        new PathChange.Full("/new"),
                        new PathChange.Prefix("/", "/new", false));
        mesh.toReviews("rewrite: {uriRegexRewrite: {match: '^/a/(.*)', rewrite: '/b/\\1'}}");
        assertThat(mesh.messages()).isEmpty();
        assertThat(rewrite(mesh.rule()).path()).isInstanceOfSatisfying(PathChange.Regex.class, regex -> {
            assertThat(regex.pattern().pattern()).isEqualTo("^/a/(.*)");
            assertThat(regex.substitution()).isEqualTo("/b/\\1");
        });
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "uri: /x|-|-|0|REQUEST|/x|301",
                "{uri: /x, redirectCode: 308}|-|-|0|REQUEST|/x|308",
                "authority: A.example|-|a.example|0|SCHEME|-|301",
                "'authority: \"a.example:8080\"'|-|a.example|8080|SCHEME|-|301",
                "{scheme: https, port: 8443}|https|-|8443|SCHEME|-|301",
                "{scheme: https, derivePort: FROM_PROTOCOL_DEFAULT}|https|-|0|SCHEME|-|301",
                "{authority: a.example, derivePort: FROM_REQUEST_PORT}|-|a.example|0|REQUEST|-|301",
            })
    void redirectsAreBuilt(String fields, String scheme, String host, int port, PortFrom from, String path, int code) {
        String block = fields.startsWith("{") ? fields : "{" + fields + "}";
        IstioMesh mesh = new IstioMesh().rule("{redirect: " + block + "}");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.rule().action())
                .isEqualTo(new HttpAction.Redirect(
                        scheme, host, port, from, path == null ? null : new PathChange.Full(path), code));
    }

    @Test
    void directResponsesHaveTheirBody() {
        IstioMesh mesh = new IstioMesh().rule("{directResponse: {status: 418, body: {string: tea}}}");
        var text = (HttpAction.DirectResponse) mesh.rule().action();
        assertThat(text.status()).isEqualTo(418);
        assertThat(new String(text.body(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("tea");
        mesh.rule("{directResponse: {status: 200, body: {bytes: dGVh}}}");
        assertThat(((HttpAction.DirectResponse) mesh.rule().action()).body())
                .asString()
                .isEqualTo("tea");
        assertThat(mesh.messages()).isEmpty();
    }

    @Test
    void timeoutsAreOffUnlessWritten() {
        assertThat(new IstioMesh().toReviews("name: a").rule().timeouts()).isEqualTo(Timeouts.NONE);
        assertThat(new IstioMesh()
                        .toReviews("timeout: 1m30s, retries: {perTryTimeout: 0.5s}")
                        .rule()
                        .timeouts())
                .isEqualTo(new Timeouts(Duration.ofSeconds(90), Duration.ofMillis(500), Duration.ZERO));
    }

    @Test
    void retriesAreThoseThatWereWritten() {
        RetryPolicy absent = new IstioMesh().toReviews("name: a").rule().retry();
        assertThat(absent).isEqualTo(RetryPolicy.DEFAULT);
        RetryPolicy off =
                new IstioMesh().toReviews("retries: {attempts: 0}").rule().retry();
        assertThat(off).isEqualTo(RetryPolicy.NONE);
        RetryPolicy all = new IstioMesh()
                .toReviews(
                        "retries: {attempts: 4, backoff: 100ms, retryIgnorePreviousHosts: false, retryOn: '5xx, "
                                + "gateway-error,reset,reset-before-request,connect-failure,envoy-ratelimited,retriable-4xx,refused-stream,"
                                + "cancelled,deadline-exceeded,internal,resource-exhausted,unavailable,retriable-status-codes,409,503'}")
                .rule()
                .retry();
        assertThat(all.retries()).isEqualTo(4);
        assertThat(all.codes()).containsExactlyInAnyOrder(409, 503);
        assertThat(all.on())
                .isEqualTo(
                        Set.copyOf(java.util.EnumSet.complementOf(java.util.EnumSet.of(Condition.RETRIABLE_HEADERS))));
        assertThat(all.backoffBase()).isEqualTo(Duration.ofMillis(100));
        assertThat(all.backoffMax()).isEqualTo(Duration.ofSeconds(1));
        assertThat(all.avoidTried()).isFalse();
    }

    @Test
    void whoIsHashedIsSentWhereItWasBefore() {
        String hash = "host: reviews, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}";
        IstioMesh mesh =
                new IstioMesh(IstioMesh.SERVICES).destination("dr", hash).toReviews("name: a");
        assertThat(mesh.rule().retry().avoidTried()).isFalse();
        mesh.toReviews("retries: {retryIgnorePreviousHosts: true}");
        assertThat(mesh.rule().retry().avoidTried()).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "delay: {fixedDelay: 2s, percentage: {value: 0.1}}|2000|1000|0|-1|0",
                "delay: {fixedDelay: 2s, percent: 50}|2000|500000|0|-1|0",
                "abort: {httpStatus: 503, percentage: {value: 100}}|0|0|503|-1|1000000",
                "abort: {grpcStatus: UNAVAILABLE, percentage: {value: 5}}|0|0|0|14|50000",
                "delay: {fixedDelay: 2s, percentage: {value: 1}}, abort: {httpStatus: 400}|2000|10000|400|-1|0",
            })
    void faultsAreInjectedForTheirShare(String fault, int delay, int delayed, int status, int grpc, int aborted) {
        var injected =
                new IstioMesh().toReviews("fault: {" + fault + "}").rule().fault();
        assertThat(injected)
                .isEqualTo(new io.culvert.core.route.Fault(Duration.ofMillis(delay), delayed, status, grpc, aborted));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "mirror: {host: payments}|1000000",
                "mirror: {host: payments}, mirrorPercentage: {value: 12.5}|125000",
                "mirror: {host: payments}, mirrorPercent: 10|100000",
                "mirrors: [{destination: {host: payments}, percentage: {value: 1}}]|10000",
            })
    void aShareIsMirrored(String fields, int millionths) {
        var mirrors = new IstioMesh().toReviews(fields).rule().mirrors();
        assertThat(mirrors).hasSize(1);
        assertThat(IstioMesh.describe(mirrors.getFirst().backend())).isEqualTo("payments|80|");
        assertThat(mirrors.getFirst().millionths()).isEqualTo(millionths);
    }

    @Test
    void aMirrorOfNothingIsNone() {
        assertThat(new IstioMesh()
                        .toReviews("mirror: {host: payments}, mirrorPercentage: {value: 0}")
                        .rule()
                        .mirrors())
                .isEmpty();
    }

    @Test
    void originsAreAllowed() {
        var cors = Objects.requireNonNull(new IstioMesh()
                .toReviews(
                        "corsPolicy: {allowOrigins: [{exact: 'https://a.example'}, {prefix: 'https://b'}, {regex: 'https://c.*'}], "
                                + "allowMethods: [GET], allowHeaders: [x-a], exposeHeaders: [x-b], maxAge: 24h, allowCredentials: true}")
                .rule()
                .cors());
        assertThat(cors.allowOrigins()).hasSize(3);
        assertThat(cors.allowOrigins().get(2).matches("https://c.example")).isTrue();
        assertThat(cors.allowMethods()).containsExactly("GET");
        assertThat(cors.allowHeaders()).containsExactly("x-a");
        assertThat(cors.exposeHeaders()).containsExactly("x-b");
        assertThat(cors.maxAge()).isEqualTo(Duration.ofHours(24));
        assertThat(cors.allowCredentials()).isTrue();
        assertThat(cors.forwardUnmatchedPreflights()).isTrue();
        var ignoring = Objects.requireNonNull(new IstioMesh()
                .toReviews("corsPolicy: {allowOrigins: [{exact: '*'}], unmatchedPreflights: IGNORE}")
                .rule()
                .cors());
        assertThat(ignoring.forwardUnmatchedPreflights()).isFalse();
        assertThat(ignoring.allowOrigins().getFirst().matches("https://any")).isTrue();
    }

    @Test
    void bytesAreRoutedByPortAndAddressAndServerName() {
        IstioMesh mesh = new IstioMesh()
                .virtual(
                        "vs",
                        "hosts: [two-ports], tcp: [{match: [{port: 80}], route: [{destination: {host: reviews}, weight: 1}, {destination: {host: payments}, weight: 3}]}, "
                                + "{match: [{destinationSubnets: [10.9.0.0/16]}], route: [{destination: {host: payments}}]}, "
                                + "{match: [{destinationSubnets: [10.1.0.0/16]}], route: [{destination: {host: reviews}}]}], "
                                + "tls: [{match: [{port: 81, sniHosts: [two-ports.default.svc.cluster.local]}], route: [{destination: {host: reviews}}]}]");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.port("two-ports", 80).tcp()).hasSize(2);
        assertThat(mesh.port("two-ports", 81).tcp()).hasSize(1);
        assertThat(IstioMesh.backends(
                        mesh.port("two-ports", 80).tcp().getFirst().backends()))
                .containsExactly(Map.entry("reviews|80|", 1), Map.entry("payments|80|", 3));
        assertThat(mesh.port("two-ports", 80).tls()).isEmpty();
        assertThat(mesh.port("two-ports", 81).tls().getFirst().serverNames())
                .containsExactly("two-ports.default.svc.cluster.local");
        assertThat(mesh.port("two-ports", 80).http().attached()).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{route: [{destination: {host: reviews}}], redirect: {uri: /x}}|error: spec.http[0].redirect: excludes route: remove one of them",
                "{name: a}|error: spec.http[0].route: is missing: a rule needs one of route, redirect, directResponse and delegate",
                "{route: [{destination: {host: reviews}, weight: 0}, {destination: {host: payments}, weight: 0}]}|error: spec.http[0].route: no destination has a weight: give each its share, as weight: 90 and weight: 10",
                "{route: [{destination: {host: 'reviews:80'}}]}|error: spec.http[0].route[0].destination.host: \"reviews:80\" is no hostname: use a-z, 0-9, '-' and '.', without wildcards, and no port",
                "{route: [{weight: 1}]}|error: spec.http[0].route[0].destination: is missing: name a host",
                "{redirect: {uri: /x, redirectCode: 304}}|error: spec.http[0].redirect.redirectCode: 304 is not one of 301, 302, 303, 307, 308",
                "{redirect: {}}|error: spec.http[0].redirect: changes nothing, and would lead in a circle: give uri, authority, scheme or port",
                "{redirect: {uri: /x}, rewrite: {uri: /y}}|error: spec.http[0].rewrite: says nothing to a redirect, which sends no request on: remove it",
                "{directResponse: {body: {string: x}}}|error: spec.http[0].directResponse.status: is missing",
                "{route: [{destination: {host: reviews}}], match: [{uri: {exact: /a, prefix: /b}}]}|error: spec.http[0].match[0].uri: takes one of exact, prefix and regex: remove the others",
                "{route: [{destination: {host: reviews}}], match: [{uri: {regex: '('}}]}|error: spec.http[0].match[0].uri.regex: \"(\" is no regular expression of RE2: missing closing ) at (",
                "{route: [{destination: {host: reviews}}], match: [{uri: {}}]}|error: spec.http[0].match[0].uri: is empty: give exact, prefix or regex",
                "{route: [{destination: {host: reviews}}], timeout: soon}|error: spec.http[0].timeout: \"soon\" is no duration: use numbers with h, m, s or ms, as 1.5s or 1m30s",
                "{route: [{destination: {host: reviews}}], retries: {retryOn: '5xx,gatway-error'}}|error: spec.http[0].retries.retryOn: \"gatway-error\" is neither a condition nor a status from 100 to 599; did you mean `gateway-error`?",
                "{route: [{destination: {host: reviews}}], fault: {delay: {percentage: {value: 1}}}}|error: spec.http[0].fault.delay.fixedDelay: is missing: say how long, as 5s",
                "{route: [{destination: {host: reviews}}], fault: {abort: {grpcStatus: UNAVAILBLE, percentage: {value: 1}}}}|error: spec.http[0].fault.abort.grpcStatus: \"UNAVAILBLE\" is no status of gRPC; did you mean `UNAVAILABLE`?",
                "{route: [{destination: {host: reviews}}], fault: {abort: {httpStatus: 503, percentage: {value: 101}}}}|error: spec.http[0].fault.abort.percentage.value: 101 is out of range: use 0 to 100",
                "{route: [{destination: {host: reviews}}], mirror: {host: payments}, mirrors: [{destination: {host: payments}}]}|error: spec.http[0].mirrors: excludes mirror: remove one of them",
                "{route: [{destination: {host: reviews}}], rewrite: {uriRegexRewrite: {match: a, rewrite: '\\1'}}}|error: spec.http[0].rewrite.uriRegexRewrite.rewrite: names group 1, and match has 0",
                "{route: [{destination: {host: reviews}}], retrys: {}}|warning: spec.http[0].retrys: unknown field, ignored; did you mean `retries`?",
                "{route: [{destination: {host: reviews}}], fault: {delay: {fixedDelay: 1s}}}|warning: spec.http[0].fault.delay.percentage: is missing, so no request is delayed: give percentage, as {value: 10}",
                "{route: [{destination: {host: reviews}}], retries: {retryRemoteLocalities: true}}|warning: spec.http[0].retries.retryRemoteLocalities: is not executed: a retry goes where the load balancer would send a new request",
                "{route: [{destination: {host: reviews}}], headers: {request: {set: {x: '%REQ(a)%'}}}}|warning: spec.http[0].headers.request.set.x: is sent as it is written: Envoy's %operators% are not executed",
                "{route: [{destination: {host: reviews}}], match: [{statPrefix: a}]}|warning: spec.http[0].match[0].statPrefix: is not executed: metrics bear the name of the service",
                "{route: [{destination: {host: revews}}]}|error: spec.http[0].route[0].destination.host: there is no Service default/revews: its share gets 503",
                "{route: [{destination: {host: far.other}}]}|error: spec.http[0].route[0].destination.host: far.other is no service of this mesh: write far.other.svc.cluster.local: its share gets 503",
                "{route: [{destination: {host: reviews, port: {number: 81}}}]}|error: spec.http[0].route[0].destination.port: Service default/reviews has no port 81 (it has 80): its share gets 503",
                "{route: [{destination: {host: reviews, subset: v3}}]}|error: spec.http[0].route[0].destination.subset: no DestinationRule defines subset v3 of Service default/reviews (there is v1, v2); did you mean `v1`?: its share gets 503",
            })
    void whatIsWrongIsSaidWithItsPlace(String rule, String message) {
        IstioMesh mesh = new IstioMesh().rule(rule);
        String[] parts = message.split(": ", 2);
        assertThat(mesh.messages()).contains("vs.yaml:1: " + parts[0] + ": VirtualService default/vs: " + parts[1]);
    }
}

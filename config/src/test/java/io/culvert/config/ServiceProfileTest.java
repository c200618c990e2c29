package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.core.route.Timeouts;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceProfileTest {
    private static String profile(String namespace, String spec) {
        return "{apiVersion: linkerd.io/v1alpha2, kind: ServiceProfile, metadata: {name: reviews.default.svc.cluster.local, namespace: "
                + namespace + "}, spec: {" + spec + "}}";
    }

    private static IstioMesh mesh(String spec) {
        return new IstioMesh(IstioMesh.SERVICES).put("p.yaml", profile("default", spec));
    }

    @ParameterizedTest(name = "{0} on {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "method: GET|GET /|true",
                "method: get|GET /|true",
                "method: GET|POST /|false",
                "pathRegex: '/u/[^/]*'|GET /u/1|true",
                "pathRegex: '/u/[^/]*'|GET /u/1/x|false",
                "{method: GET, pathRegex: /a}|POST /a|false",
                "any: [{method: GET}, {method: PUT}]|PUT /|true",
                "any: [{method: GET}, {method: PUT}]|POST /|false",
                "all: [{pathRegex: '/a.*'}, {pathRegex: '.*z'}]|GET /abz|true",
                "all: [{pathRegex: '/a.*'}, {pathRegex: '.*z'}]|GET /ab|false",
                "not: {method: GET}|GET /|false",
                "not: {method: GET}|PUT /|true",
                "not: {any: [{method: GET}, {pathRegex: /a}]}|PUT /a|false",
                "not: {any: [{method: GET}, {pathRegex: /a}]}|PUT /b|true",
                "not: {all: [{method: GET}, {pathRegex: /a}]}|GET /b|true",
                "not: {all: [{method: GET}, {pathRegex: /a}]}|GET /a|false",
                "not: {not: {method: GET}}|GET /|true",
                "{pathRegex: '/a.*', not: {pathRegex: '/ab'}}|GET /ab|false",
                "{pathRegex: '/a.*', not: {pathRegex: '/ab'}}|GET /ac|true",
            })
    void conditionsAreExecuted(String condition, String request, boolean expected) {
        String block = condition.startsWith("{") ? condition : "{" + condition + "}";
        IstioMesh mesh = mesh("routes: [{name: r, condition: " + block + "}]");
        assertThat(mesh.messages()).isEmpty();
        TestRequest sent = new TestRequest(request);
        boolean taken = mesh.http("reviews").entries().stream()
                .filter(entry -> entry.rule().name().endsWith("/r"))
                .anyMatch(entry -> sent.fulfils(entry.match()));
        assertThat(taken).isEqualTo(expected);
    }

    @Test
    void theFirstRouteWinsAndTheRestGoesToTheDefault() {
        HttpRoutes routes = mesh("routes: [{name: a, condition: {method: GET}}, {name: b, condition: {pathRegex: /x}}]")
                .http("reviews");
        assertThat(routes.entries())
                .extracting(entry -> entry.rule().name())
                .containsExactly(
                        "ServiceProfile/default/reviews.default.svc.cluster.local/a",
                        "ServiceProfile/default/reviews.default.svc.cluster.local/b",
                        "ServiceProfile/default/reviews.default.svc.cluster.local/default");
        assertThat(IstioMesh.backends(routes.entries().getLast().rule())).containsOnlyKeys("reviews|80|");
    }

    @Test
    void whatIsAFailureIsRetriedWhereTheRouteAllows() {
        IstioMesh mesh = mesh(
                "routes: [{name: a, isRetryable: true, condition: {method: GET}, responseClasses: ["
                        + "{condition: {status: {min: 503, max: 503}}}, {condition: {status: {min: 500, max: 599}}, isFailure: true}, "
                        + "{condition: {all: [{status: {min: 400, max: 499}}, {not: {status: {min: 400, max: 428}}}]}, isFailure: true}]}]");
        assertThat(mesh.messages()).isEmpty();
        RetryPolicy retry = mesh.rule().retry();
        assertThat(retry.codes()).contains(500, 502, 504, 599, 429, 499).doesNotContain(503, 400, 428, 200);
        assertThat(mesh.entry(1).rule().retry()).isEqualTo(RetryPolicy.DEFAULT);
    }

    @Test
    void requestsAreSentElsewhereByWeight() {
        IstioMesh mesh = mesh("dstOverrides: [{authority: 'reviews.default.svc.cluster.local:80', weight: 500m}, "
                + "{authority: payments.default.svc.cluster.local, weight: '1.5'}]");
        assertThat(mesh.messages()).isEmpty();
        assertThat(IstioMesh.backends(mesh.rule()))
                .containsExactly(Map.entry("reviews|80|", 500), Map.entry("payments|80|", 1500));
    }

    @Test
    void aProfileOfAnotherNamespaceIsForTheClientsThere() {
        IstioMesh mesh = mesh("routes: [{name: own, condition: {method: GET}}]")
                .put("other.yaml", profile("bank", "routes: [{name: theirs, condition: {method: PUT}}]"));
        assertThat(mesh.port("reviews", 80)
                        .http("shop")
                        .entries()
                        .getFirst()
                        .rule()
                        .name())
                .endsWith("/own");
        assertThat(mesh.port("reviews", 80)
                        .http("bank")
                        .entries()
                        .getFirst()
                        .rule()
                        .name())
                .endsWith("/theirs");
    }

    @Test
    void aVirtualServiceCountsBeforeAProfile() {
        IstioMesh mesh = mesh("routes: [{name: own, condition: {method: GET}}]").toReviews("name: a");
        assertThat(mesh.rule().name()).isEqualTo("VirtualService/default/vs/a");
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:1: warning: ServiceProfile default/reviews.default.svc.cluster.local: spec.routes: are not used: Service default/reviews has routes of VirtualService, which count alone; remove one of the two");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "routes: [{name: a, condition: {}}]|error: spec.routes[0].condition: is empty: give method, pathRegex, all, any or not",
                "routes: [{condition: {method: GET}}]|error: spec.routes[0].name: is missing",
                "routes: [{name: a, condition: {pathRegex: '('}}]|error: spec.routes[0].condition.pathRegex: \"(\" is no regular expression of RE2: missing closing ) at (",
                "routes: [{name: a, condition: {method: GET}, responseClasses: [{condition: {status: {min: 500}}, isFailure: true}]}]|warning: spec.routes[0].responseClasses[0].condition.status.min: max is missing, so status 500 alone is meant: add max: 599 for a range",
                "routes: [{name: a, condition: {method: GET}, isRetriable: true}]|warning: spec.routes[0].isRetriable: unknown field, ignored; did you mean `isRetryable`?",
                "opaquePorts: ['3306']|warning: spec.opaquePorts: is not executed: what a port speaks says its Service; set appProtocol: tcp there",
                "dstOverrides: [{authority: gone.default.svc.cluster.local, weight: 1}]|error: spec.dstOverrides[0].authority: there is no Service default/gone: its share gets 503",
                "dstOverrides: [{authority: payments, weight: x}]|error: spec.dstOverrides[0].weight: \"x\" is no weight: use a number from 0 to 1000, or thousandths, as 500m",
                "retryBudget: {retryRatio: 2}|error: spec.retryBudget.retryRatio: 2 is out of range: use 0 to 1",
            })
    void whatIsWrongOrNotExecutedIsSaid(String spec, String message) {
        String[] parts = message.split(": ", 2);
        assertThat(mesh(spec).messages())
                .contains("p.yaml:1: " + parts[0] + ": ServiceProfile default/reviews.default.svc.cluster.local: "
                        + parts[1]);
    }

    private static IstioMesh annotated(String annotations) {
        return new IstioMesh(IstioMesh.SERVICES.replace(
                "metadata: {name: reviews}", "metadata: {name: reviews, annotations: {" + annotations + "}}"));
    }

    @Test
    void annotationsOfAServiceSayItsRetriesAndTimeouts() {
        IstioMesh mesh = annotated("retry.linkerd.io/http: '5xx,429', retry.linkerd.io/grpc: 'internal,unavailable', "
                + "retry.linkerd.io/limit: '3', retry.linkerd.io/timeout: 400ms, timeout.linkerd.io/request: 2s, "
                + "timeout.linkerd.io/response: 1s, timeout.linkerd.io/idle: 1m");
        var rule = mesh.rule();
        assertThat(rule.timeouts())
                .isEqualTo(new Timeouts(Duration.ofSeconds(1), Duration.ofMillis(400), Duration.ofMinutes(1)));
        assertThat(rule.retry().retries()).isEqualTo(3);
        assertThat(rule.retry().codes()).hasSize(101).contains(429, 500, 599);
        assertThat(rule.retry().on()).contains(Condition.INTERNAL, Condition.UNAVAILABLE);
        assertThat(annotated("retry.linkerd.io/http: gateway-error")
                        .rule()
                        .retry()
                        .codes())
                .containsExactlyInAnyOrder(502, 503, 504);
        assertThat(annotated("retry.linkerd.io/http: 5xx").rule().retry().retries())
                .isEqualTo(1);
    }

    @Test
    void annotationsOfARouteSayWhatItDoesNotSayItself() {
        String route =
                "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, annotations: {retry.linkerd.io/http: 5xx, timeout.linkerd.io/request: 2s}}, "
                        + "spec: {parentRefs: [{group: '', kind: Service, name: reviews}], rules: [{backendRefs: [{name: reviews, port: 80}]}, "
                        + "{matches: [{path: {value: /a}}], timeouts: {request: 5s}, retry: {attempts: 7}, backendRefs: [{name: reviews, port: 80}]}]}}";
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES).put("r.yaml", route);
        assertThat(mesh.messages()).isEmpty();
        var own = mesh.entry(0).rule();
        assertThat(own.timeouts().request()).isEqualTo(Duration.ofSeconds(5));
        assertThat(own.retry().retries()).isEqualTo(7);
        var plain = mesh.entry(1).rule();
        assertThat(plain.timeouts().request()).isEqualTo(Duration.ofSeconds(2));
        assertThat(plain.retry().codes()).hasSize(100);
    }

    @Test
    void annotationsOfAServiceSayWhenAnEndpointIsLeftOutAndHowOneIsChosen() {
        var policy = annotated(
                        "balancer.linkerd.io/failure-accrual: consecutive, "
                                + "balancer.linkerd.io/failure-accrual-consecutive-max-failures: '3', "
                                + "balancer.linkerd.io/failure-accrual-consecutive-min-penalty: 5s, culvert.io/load-balancer: PEAK_EWMA")
                .cluster("reviews", 80, "")
                .policy();
        assertThat(policy.outliers())
                .isEqualTo(new OutlierDetection(3, 0, 0, false, Duration.ofSeconds(1), Duration.ofSeconds(5), 100, 0));
        assertThat(policy.loadBalancer().algorithm()).isEqualTo(Algorithm.PEAK_EWMA);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "timeout.linkerd.io/request: soon|error: metadata.annotations[timeout.linkerd.io/request]: \"soon\" is no duration: use a number with ms, s, m, h or d: left out",
                "retry.linkerd.io/http: 6xx|error: metadata.annotations[retry.linkerd.io/http]: \"6xx\" is neither 5xx nor gateway-error nor statuses, as 500-504: left out",
                "retry.linkerd.io/grpc: ok|error: metadata.annotations[retry.linkerd.io/grpc]: \"ok\" has words other than cancelled, deadline-exceeded, internal, resource-exhausted and unavailable: left out",
                "retry.linkerd.io/limit: '2'|warning: metadata.annotations[retry.linkerd.io/limit]: says nothing without retry.linkerd.io/http or retry.linkerd.io/grpc",
                "culvert.io/load-balancer: EWMA|error: metadata.annotations[culvert.io/load-balancer]: \"EWMA\" is not one of ROUND_ROBIN, RANDOM, LEAST_REQUEST, PEAK_EWMA; LEAST_REQUEST is used",
            })
    void faultsInAnnotationsLeaveThemOut(String annotation, String message) {
        IstioMesh mesh = annotated(annotation);
        String[] parts = message.split(": ", 2);
        assertThat(mesh.last.diagnostics().stream().map(Diagnostic::toString))
                .anyMatch(text -> text.contains(parts[0] + ": Service default/reviews: " + parts[1]));
    }
}

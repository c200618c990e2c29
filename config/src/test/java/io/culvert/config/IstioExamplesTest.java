package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.Fault;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpMatch.HeaderMatch;
import io.culvert.core.route.Mirror;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.StringMatch;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The resources that users showed, as they wrote them. */
@SuppressWarnings("NullAway") // what is missing fails the test
class IstioExamplesTest {
    @Test
    void theCanaryGetsItsTenPercent() {
        IstioMesh mesh = new IstioMesh().example("Y1-canary.yaml");
        assertThat(mesh.messages()).isEmpty();
        assertThat(IstioMesh.backends(
                        mesh.http("my-service").entries().getFirst().rule()))
                .containsExactly(Map.entry("my-service|80|v1", 90), Map.entry("my-service|80|v2", 10));
        assertThat(mesh.cluster("my-service", 80, "v2").labels()).containsExactly(Map.entry("version", "v2"));
    }

    @Test
    void theCanaryWithoutSubsetsIsAnErrorAtTheLineOfTheDestination() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES).example("Y1-canary.yaml");
        assertThat(mesh.messages())
                .containsExactly(
                        "Y1-canary.yaml:11: error: VirtualService default/my-service: spec.http[0].route[0].destination.subset: "
                                + "no DestinationRule defines subsets of Service default/my-service, so there is no v1: its share gets 503",
                        "Y1-canary.yaml:15: error: VirtualService default/my-service: spec.http[0].route[1].destination.subset: "
                                + "no DestinationRule defines subsets of Service default/my-service, so there is no v2: its share gets 503");
        assertThat(IstioMesh.backends(
                                mesh.http("my-service").entries().getFirst().rule())
                        .values())
                .containsExactly(90, 10);
        mesh.put("subsets.yaml", IstioMesh.SUBSETS);
        assertThat(mesh.messages()).isEmpty();
        assertThat(IstioMesh.backends(
                        mesh.http("my-service").entries().getFirst().rule()))
                .containsExactly(Map.entry("my-service|80|v1", 90), Map.entry("my-service|80|v2", 10));
    }

    @Test
    void outliersAreEjectedAsWritten() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES).example("Y2-outlier-detection.yaml");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.cluster("my-service", 80, "").policy().outliers())
                .isEqualTo(new ClusterPolicy.OutlierDetection(
                        5, 0, 5, false, Duration.ofSeconds(30), Duration.ofSeconds(30), 10, 0));
    }

    @Test
    void theFragmentLacksItsNameAndItsHosts() {
        IstioMesh mesh = new IstioMesh().example("Y3-retry-timeout.malformed.yaml");
        assertThat(mesh.messages())
                .containsExactly(
                        "Y3-retry-timeout.malformed.yaml:2: error: VirtualService: metadata: is missing: give the resource a metadata.name",
                        "Y3-retry-timeout.malformed.yaml:5: error: VirtualService: spec.hosts: is missing: name the services whose requests are routed");
    }

    @Test
    void theFragmentWithNameAndHostsRetries() {
        String text = IstioMesh.text("Y3-retry-timeout.malformed.yaml")
                .replace("spec:\n", "metadata: {name: r}\nspec:\n  hosts: [my-service]\n");
        IstioMesh mesh = new IstioMesh().put("r.yaml", text);
        assertThat(mesh.messages()).isEmpty();
        var rule = mesh.http("my-service").entries().getFirst().rule();
        assertThat(rule.timeouts().request()).isEqualTo(Duration.ofSeconds(10));
        assertThat(rule.timeouts().perTry()).isEqualTo(Duration.ofSeconds(3));
        assertThat(rule.retry().retries()).isEqualTo(3);
        assertThat(rule.retry().on()).containsExactly(RetryPolicy.Condition.SERVER_ERROR);
    }

    @Test
    void theGroupOfBetaTestersGoesToTheSecondVersion() {
        IstioMesh mesh = new IstioMesh().example("Y5-ab-test.yaml");
        assertThat(mesh.messages()).isEmpty();
        var entries = mesh.http("my-service").entries();
        assertThat(entries.get(0).match().headers())
                .containsExactly(new HeaderMatch("x-user-group", new StringMatch.Exact("beta", false), false));
        assertThat(IstioMesh.backends(entries.get(0).rule())).containsOnlyKeys("my-service|80|v2");
        assertThat(entries.get(1).match()).isEqualTo(HttpMatch.ANY);
        assertThat(IstioMesh.backends(entries.get(1).rule())).containsOnlyKeys("my-service|80|v1");
    }

    @Test
    void aTenthIsDelayed() {
        IstioMesh mesh = new IstioMesh().example("Y6-fault-delay.yaml");
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.http("my-service").entries().getFirst().rule().fault())
                .isEqualTo(new Fault(Duration.ofSeconds(5), 100_000, 0, -1, 0));
    }

    @Test
    void jasonGoesToTheSecondVersion() {
        IstioMesh mesh = new IstioMesh().example("Y8-reviews-route.yaml");
        assertThat(mesh.messages()).isEmpty();
        assertThat(IstioMesh.backends(mesh.entry(0).rule())).containsOnlyKeys("reviews|80|v2");
        assertThat(IstioMesh.backends(mesh.entry(1).rule())).containsOnlyKeys("reviews|80|v1");
    }

    @Test
    void aRuleAmongTheDestinationsIsExplained() {
        IstioMesh mesh = new IstioMesh().example("Y8-reviews-route.malformed.yaml");
        assertThat(mesh.messages())
                .containsExactly(
                        "Y8-reviews-route.malformed.yaml:2: error: VirtualService default/reviews-route: refused: it counts as absent until the errors are corrected",
                        "Y8-reviews-route.malformed.yaml:18: error: VirtualService default/reviews-route: spec.http[0].route[1].route: "
                                + "stands in the list of destinations of spec.http[0], where only destination, weight and headers belong: "
                                + "if a new rule begins here, move \"- route:\" to the left, under the dash of line 10, and what follows under it");
    }

    @Test
    void theProfileOfLinkerdIsExecuted() {
        IstioMesh mesh = new IstioMesh().example("Y9-service-profile.yaml");
        assertThat(mesh.messages())
                .containsExactly(
                        "Y9-service-profile.yaml:24: info: ServiceProfile default/web-api.default.svc.cluster.local: spec.retryBudget.ttl: "
                                + "is not looked at: the budget is a share of the requests that are under way");
        var users = mesh.http("web-api").entries().getFirst();
        PathMatch path = Objects.requireNonNull(users.match().path());
        assertThat(path.matches("/users")).isTrue();
        assertThat(path.matches("/users/1")).isFalse();
        assertThat(Objects.requireNonNull(users.match().method()).matches("GET"))
                .isTrue();
        assertThat(users.rule().timeouts().request()).isEqualTo(Duration.ofMillis(300));
        assertThat(users.rule().retry().codes()).hasSize(100).contains(500, 599);
        assertThat(users.rule().retry().retries()).isEqualTo(10);
        assertThat(mesh.cluster("web-api", 80, "").policy().retryBudget())
                .isEqualTo(new ClusterPolicy.RetryBudget(20, 10));
        var rest = mesh.http("web-api").entries().get(1);
        assertThat(rest.match()).isEqualTo(HttpMatch.ANY);
        assertThat(rest.rule().retry()).isEqualTo(RetryPolicy.DEFAULT);
    }

    @Test
    void aProfileInWordsThatLinkerdDoesNotHaveIsExplained() {
        IstioMesh mesh = new IstioMesh().example("Y9-service-profile.malformed.yaml");
        assertThat(mesh.messages())
                .containsExactly(
                        "Y9-service-profile.malformed.yaml:2: error: ServiceProfile default/web-api.default.svc.cluster.local: refused: it counts as absent until the errors are corrected",
                        "Y9-service-profile.malformed.yaml:8: error: ServiceProfile default/web-api.default.svc.cluster.local: spec.routes[0].condition: "
                                + "is missing: say which requests the route is for, as condition: {method: GET, pathRegex: /users}",
                        "Y9-service-profile.malformed.yaml:11: error: ServiceProfile default/web-api.default.svc.cluster.local: spec.routes[0].requestTimeout: "
                                + "is no field of a ServiceProfile: the time for a request with all its retries is `timeout`",
                        "Y9-service-profile.malformed.yaml:12: error: ServiceProfile default/web-api.default.svc.cluster.local: spec.routes[0].routes: "
                                + "is no field of a route: routes of a ServiceProfile do not nest; write condition, isRetryable, timeout and responseClasses at the route itself, and a route for each condition");
    }

    @Test
    void theCircuitBreakerHasItsLimits() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES).example("Y10-circuit-breaker.yaml");
        assertThat(mesh.messages()).isEmpty();
        ClusterPolicy policy = mesh.cluster("reviews", 80, "").policy();
        assertThat(policy.limits())
                .isEqualTo(new ConnectionLimits(
                        100,
                        100,
                        1000,
                        Integer.MAX_VALUE,
                        0,
                        Integer.MAX_VALUE,
                        Duration.ofSeconds(10),
                        Duration.ofHours(1),
                        true,
                        false));
        assertThat(Objects.requireNonNull(policy.outliers()).maxEjectionPercent())
                .isEqualTo(50);
    }

    @Test
    void theMirrorGetsACopyOfEverything() {
        IstioMesh mesh = new IstioMesh().example("Y12-canary-mirror.yaml");
        assertThat(mesh.messages()).isEmpty();
        var rule = mesh.http("payments").entries().getFirst().rule();
        assertThat(IstioMesh.backends(rule))
                .containsExactly(Map.entry("payments|80|stable", 95), Map.entry("payments|80|canary", 5));
        assertThat(rule.mirrors()).extracting(Mirror::millionths).isEqualTo(List.of(1_000_000));
        assertThat(IstioMesh.describe(rule.mirrors().getFirst().backend())).isEqualTo("payments|80|canary");
    }

    @ParameterizedTest(name = "networking.istio.io/{0}")
    @ValueSource(strings = {"v1", "v1beta1", "v1alpha3"})
    void everyVersionIsRead(String version) {
        String both = IstioMesh.text("Y1-canary.yaml")
                + "---\n"
                + IstioMesh.SUBSETS.split("---\n", -1)[2].replace(
                        "networking.istio.io/v1", "networking.istio.io/v1beta1");
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES).put("f.yaml", both.replace("v1beta1", version));
        assertThat(mesh.messages()).isEmpty();
        assertThat(IstioMesh.backends(
                        mesh.http("my-service").entries().getFirst().rule()))
                .containsEntry("my-service|80|v2", 10);
    }

    @Test
    void analysisHoldsSubsetsAgainstPods() {
        String pod =
                "{apiVersion: v1, kind: Pod, metadata: {name: r, labels: {app: reviews, version: v1}}, spec: {nodeName: n, containers: [{name: c, image: i}]}, "
                        + "status: {phase: Running, podIP: 10.0.0.9}}\n---\n";
        String services = (IstioMesh.SERVICES + IstioMesh.SUBSETS)
                .replace("{clusterIP: 10.1.0.1,", "{clusterIP: 10.1.0.1, selector: {app: reviews},");
        List<String> messages = new Analyzer(CompilerSettings.DEFAULTS)
                .analyze(Map.of("all.yaml", pod + services)).diagnostics().stream()
                        .map(Diagnostic::toString)
                        .filter(text -> text.contains("DestinationRule"))
                        .toList();
        assertThat(messages)
                .containsExactly(
                        "all.yaml:17: warning: DestinationRule default/reviews: spec.subsets[1].labels: select none of the 1 pods of Service default/reviews (they have version=v1): requests to the subset are answered with 503");
    }
}

package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.SessionAffinity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** XBackendTrafficPolicy, Gateway and GatewayClass. */
class WaypointPoliciesTest {
    private static final String V1 = "shop/v1.shop.svc.cluster.local|80|";

    private static String policy(String name, String created, String fields) {
        return "apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: XBackendTrafficPolicy\nmetadata: {name: " + name
                + ", namespace: shop" + (created.isEmpty() ? "" : ", creationTimestamp: '" + created + "T00:00:00Z'")
                + "}\nspec:\n  targetRefs: [{group: '', kind: Service, name: v1}]\n  " + fields + "\n";
    }

    @Test
    void aPolicyGivesItsServicesABudgetAndASession() {
        TestRoutes routes = new TestRoutes()
                .put(
                        "p.yaml",
                        policy("p", "", "retryConstraint: {budget: {percent: 50}, minRetryRate: {count: 7}}")
                                + "  sessionPersistence: {type: Header, sessionName: X-Session}\n");
        assertThat(routes.messages()).isEmpty();
        assertThat(routes.cluster(V1).policy().retryBudget()).isEqualTo(new RetryBudget(50, 7));
        assertThat(routes.cluster(V1).policy().affinity())
                .isEqualTo(new SessionAffinity(false, "x-session", "/", null));
        assertThat(routes.cluster(TestRoutes.WEB + "|80|").policy().retryBudget())
                .isEqualTo(RetryBudget.DEFAULT);
        assertThat(routes.conditions("XBackendTrafficPolicy shop/p")).containsExactly("Accepted=true/Accepted");
        routes.put("p.yaml", null);
        assertThat(routes.cluster(V1).policy().retryBudget()).isEqualTo(RetryBudget.DEFAULT);
    }

    @Test
    void ofSeveralPoliciesTheOldestCounts() {
        TestRoutes routes = new TestRoutes()
                .put(
                        "p.yaml",
                        policy("a", "2025-01-01", "retryConstraint: {budget: {percent: 1}}") + "---\n"
                                + policy("b", "2024-01-01", "retryConstraint: {budget: {percent: 2}}"));
        assertThat(routes.cluster(V1).policy().retryBudget().percent()).isEqualTo(2);
        assertThat(routes.conditions("XBackendTrafficPolicy shop/a")).containsExactly("Accepted=false/Conflicted");
        assertThat(routes.messages())
                .containsExactly(
                        "p.yaml:5: error: XBackendTrafficPolicy shop/a: spec.targetRefs[0]: XBackendTrafficPolicy "
                                + "shop/b is older and counts for Service shop/v1: remove one of them");
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"Service, nope, TargetNotFound", "Gateway, way, Invalid"})
    void aTargetThatIsNotThereIsTold(String kind, String name, String reason) {
        TestRoutes routes = new TestRoutes()
                .put(
                        "p.yaml",
                        policy("p", "", "retryConstraint: {}")
                                .replace("kind: Service, name: v1", "kind: " + kind + ", name: " + name));
        assertThat(routes.conditions("XBackendTrafficPolicy shop/p")).containsExactly("Accepted=false/" + reason);
    }

    private static String gateway(String className, String labels, String listeners) {
        return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: way, namespace: shop" + labels
                + "}\nspec:\n  gatewayClassName: " + className + "\n  listeners: [" + listeners + "]\n";
    }

    @Test
    void aWaypointHasOneListenerOfHbone() {
        String good =
                "{name: mesh, protocol: HBONE, port: 15008, allowedRoutes: {namespaces: {from: Selector, selector: "
                        + "{matchLabels: {a: b}}}}}";
        TestRoutes routes = new TestRoutes().put("g.yaml", gateway("culvert-waypoint", "", good));
        assertThat(routes.messages()).isEmpty();
        assertThat(routes.conditions("Gateway shop/way")).containsExactly("Accepted=true/Accepted");
        routes.put("g.yaml", gateway("culvert-waypoint", "", "{name: web, protocol: HTTP, port: 80}"));
        assertThat(routes.messages())
                .containsExactly(
                        "g.yaml:1: error: Gateway shop/way: spec.listeners: a waypoint has one listener, with protocol "
                                + "HBONE and port 15008; here it is HTTP and 80");
        assertThat(routes.conditions("Gateway shop/way")).containsExactly("Accepted=false/ListenersNotValid");
        routes.put("g.yaml", gateway("culvert-waypoint", "", good + ", " + good.replace("mesh", "more")));
        assertThat(routes.messages()).hasSize(1).first().asString().endsWith("here are 2");
    }

    @Test
    void aGatewayOfAnotherClassIsLeftAlone() {
        TestRoutes routes = new TestRoutes()
                .put("g.yaml", gateway("istio-waypoint", "", "{name: mesh, protocol: HBONE, port: 15008}"));
        assertThat(routes.messages())
                .containsExactly(
                        "g.yaml:1: info: Gateway shop/way: spec.gatewayClassName: class istio-waypoint is none of this "
                                + "mesh's, ignored: use culvert-waypoint, or the option --istio-labels");
        TestRoutes istio = new TestRoutes(
                new CompilerSettings("cluster.local", "Kubernetes", "cluster.local", "istio-system", "", true));
        istio.put("g.yaml", gateway("istio-waypoint", "", "{name: mesh, protocol: HBONE, port: 15008}"));
        assertThat(istio.messages()).isEmpty();
        assertThat(istio.conditions("Gateway shop/way")).containsExactly("Accepted=true/Accepted");
    }

    @Test
    void whatAWaypointIsForIsOneOfFourWords() {
        String listener = "{name: mesh, protocol: HBONE, port: 15008}";
        TestRoutes routes = new TestRoutes()
                .put("g.yaml", gateway("culvert-waypoint", ", labels: {istio.io/waypoint-for: services}", listener));
        assertThat(routes.messages())
                .contains(
                        "g.yaml:1: error: Gateway shop/way: metadata.labels[istio.io/waypoint-for]: \"services\" is not one "
                                + "of service, workload, all, none");
    }

    @Test
    void theClassOfWaypointsIsAccepted() {
        TestRoutes routes = new TestRoutes()
                .put(
                        "c.yaml",
                        "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: culvert-waypoint}, spec: "
                                + "{controllerName: culvert.io/waypoint}}");
        assertThat(routes.messages()).isEmpty();
        assertThat(routes.conditions("GatewayClass culvert-waypoint")).containsExactly("Accepted=true/Accepted");
    }
}

package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.Mirror;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which VirtualServices are for a service, and how they come together. */
@SuppressWarnings("NullAway") // what is missing fails the test
class VirtualServiceScopeTest {
    private static String virtual(String path, String created, String spec) {
        String[] parts = path.split("/", -1);
        return "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: " + parts[1]
                + ", namespace: " + parts[0] + (created.isEmpty() ? "" : ", creationTimestamp: '" + created + "'")
                + "}, spec: {" + spec + "}}";
    }

    private static String rule(String hosts, String path) {
        return "hosts: [" + hosts + "], http: [{match: [{uri: {exact: " + path
                + "}}], route: [{destination: {host: reviews.default.svc.cluster.local}}]}]";
    }

    private static List<String> names(HttpRoutes routes) {
        return routes.entries().stream().map(entry -> entry.rule().name()).toList();
    }

    @Test
    void rulesOfSeveralFollowEachOtherTheMoreSpecificHostFirstThenTheOlder() {
        IstioMesh mesh = new IstioMesh()
                .put("a.yaml", virtual("default/a", "2022-01-01T00:00:00Z", rule("reviews", "/a")))
                .put(
                        "b.yaml",
                        virtual("default/b", "2021-01-01T00:00:00Z", rule("reviews.default.svc.cluster.local", "/b")))
                .put(
                        "w.yaml",
                        virtual("default/w", "2020-01-01T00:00:00Z", rule("'*.default.svc.cluster.local'", "/w")))
                .put("c.yaml", virtual("default/c", "", rule("reviews", "/c")));
        assertThat(mesh.messages()).isEmpty();
        assertThat(names(mesh.http("reviews")))
                .containsExactly(
                        "VirtualService/default/b/0",
                        "VirtualService/default/a/0",
                        "VirtualService/default/c/0",
                        "VirtualService/default/w/0");
        assertThat(names(mesh.http("payments"))).containsExactly("VirtualService/default/w/0");
        mesh.put("b.yaml", null).put("w.yaml", null);
        assertThat(names(mesh.http("reviews")))
                .containsExactly("VirtualService/default/a/0", "VirtualService/default/c/0");
        assertThat(mesh.last.table().service(IstioMesh.key("payments"))).isNull();
    }

    @Test
    void aNamespaceThatIsNeitherTheServicesNorTheWaypointsIsNotAsked() {
        IstioMesh mesh =
                new IstioMesh().put("x.yaml", virtual("other/x", "", rule("reviews.default.svc.cluster.local", "/x")));
        assertThat(mesh.last.table().service(IstioMesh.key("reviews"))).isNull();
        assertThat(mesh.messages())
                .containsExactly(
                        "x.yaml:1: warning: VirtualService other/x: spec.hosts: is not used for Service default/reviews: a waypoint takes VirtualServices of the service's namespace (default) and of its own (default)");
        mesh.put(
                "services.yaml",
                (IstioMesh.SERVICES + IstioMesh.SUBSETS)
                        .replace("use-waypoint: wp", "use-waypoint: wp, culvert.io/use-waypoint-namespace: other"));
        assertThat(mesh.messages()).isEmpty();
        assertThat(names(mesh.http("reviews"))).containsExactly("VirtualService/other/x/0");
    }

    @Test
    void whatIsForGatewaysOnlyIsNotUsed() {
        IstioMesh mesh = new IstioMesh().virtual("g", "gateways: [edge], " + rule("reviews", "/g"));
        assertThat(mesh.last.table().service(IstioMesh.key("reviews"))).isNull();
        assertThat(mesh.messages())
                .containsExactly(
                        "g.yaml:1: info: VirtualService default/g: spec.gateways: names gateways only: waypoints do not use it; add \"mesh\" if it is for the mesh, too");
        mesh.virtual("g", "gateways: [edge, mesh], " + rule("reviews", "/g"));
        assertThat(mesh.http("reviews").entries()).hasSize(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "[bookinfo.example]|warning: spec.hosts: bookinfo.example is no service of this mesh, and a waypoint routes by the service that requests were sent to: write bookinfo.example.svc.cluster.local",
                "[revews]|warning: spec.hosts: there is no Service default/revews: the rules are for nobody",
                "['re*']|error: spec.hosts[0]: \"re*\" is no hostname: use a-z, 0-9, '-' and '.', with *. at its begin only",
                "[]|warning: spec.hosts: is missing, so the rules are for nobody: name the services, or let another VirtualService delegate to this one",
            })
    void hostsThatAreNoneAreSaid(String hosts, String message) {
        IstioMesh mesh =
                new IstioMesh().virtual("h", "hosts: " + hosts + ", http: [{route: [{destination: {host: reviews}}]}]");
        String[] parts = message.split(": ", 2);
        assertThat(mesh.messages()).contains("h.yaml:1: " + parts[0] + ": VirtualService default/h: " + parts[1]);
    }

    @Test
    void exportingElsewhereHidesARule() {
        IstioMesh mesh = new IstioMesh().virtual("e", "exportTo: [other], " + rule("reviews", "/e"));
        assertThat(mesh.last.table().service(IstioMesh.key("reviews"))).isNull();
        assertThat(mesh.messages())
                .containsExactly(
                        "e.yaml:1: warning: VirtualService default/e: spec.exportTo: leaves out namespace default, where the waypoint of Service default/reviews is: not used");
    }

    @Test
    void aRuleBehindOneThatTakesEverythingIsNeverReached() {
        IstioMesh mesh = new IstioMesh().put("n.yaml", """
                        apiVersion: networking.istio.io/v1
                        kind: VirtualService
                        metadata: {name: n}
                        spec:
                          hosts: [reviews]
                          http:
                          - match: [{uri: {prefix: /}}]
                            route: [{destination: {host: reviews}}]
                          - route: [{destination: {host: payments}}]
                        """);
        assertThat(mesh.messages())
                .containsExactly(
                        "n.yaml:9: warning: VirtualService default/n: spec.http[1]: is never reached: the rule of line 7 takes every request; put that one last");
    }

    @Test
    void anAttachedHttpRouteCountsAlone() {
        IstioMesh mesh = new IstioMesh()
                .put("v.yaml", virtual("default/v", "", rule("reviews", "/v")))
                .put(
                        "route.yaml",
                        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: '', kind: Service, name: reviews}], "
                                + "rules: [{backendRefs: [{name: payments, port: 80}]}]}}");
        assertThat(mesh.messages())
                .containsExactly(
                        "v.yaml:1: warning: VirtualService default/v: spec.hosts: is not used for Service default/reviews: it has routes of Gateway API, which count alone; remove one of the two");
        assertThat(names(mesh.http("reviews"))).containsExactly("HTTPRoute/default/r/0");
        mesh.put("route.yaml", null);
        assertThat(names(mesh.http("reviews"))).containsExactly("VirtualService/default/v/0");
    }

    @Test
    void aDelegateTakesTheRulesPlaceAndInheritsWhatItDoesNotSay() {
        IstioMesh mesh = new IstioMesh()
                .virtual(
                        "root",
                        "hosts: [reviews], http: [{match: [{uri: {prefix: /team}}], delegate: {name: leaf, namespace: other}, timeout: 5s, mirror: {host: payments}}]")
                .put(
                        "leaf.yaml",
                        virtual(
                                "other/leaf",
                                "",
                                "http: [{match: [{uri: {prefix: /team/a}}, {uri: {exact: /elsewhere}}], route: [{destination: {host: far}}]}, "
                                        + "{match: [{headers: {x: {exact: y}}}], route: [{destination: {host: far}}], timeout: 1s}, "
                                        + "{match: [{uri: {prefix: /b}}], route: [{destination: {host: far}}]}, "
                                        + "{match: [{uri: {regex: '.*/c'}}], route: [{destination: {host: far}}]}]"));
        assertThat(mesh.messages())
                .containsExactly(
                        "leaf.yaml:1: warning: VirtualService other/leaf: spec.http[2]: takes no request of VirtualService default/root, which delegates here: no request fulfils a match of both");
        HttpRoutes routes = mesh.http("reviews");
        assertThat(names(routes))
                .containsExactly(
                        "VirtualService/other/leaf/0", "VirtualService/other/leaf/1", "VirtualService/other/leaf/3");
        assertThat(routes.entries().get(0).rule().timeouts().request()).isEqualTo(Duration.ofSeconds(5));
        assertThat(routes.entries().get(1).rule().timeouts().request()).isEqualTo(Duration.ofSeconds(1));
        assertThat(routes.entries().get(0).rule().mirrors())
                .hasSize(1)
                .extracting(Mirror::millionths)
                .containsExactly(1_000_000);
        assertThat(IstioMesh.backends(routes.entries().get(0).rule()))
                .containsOnlyKeys("far.other.svc.cluster.local|80|");
        assertThat(new TestRequest("GET /team/x x=y")
                        .fulfils(routes.entries().get(1).match()))
                .isTrue();
        assertThat(new TestRequest("GET /else x=y")
                        .fulfils(routes.entries().get(1).match()))
                .isFalse();
        assertThat(new TestRequest("GET /team/c")
                        .fulfils(routes.entries().get(2).match()))
                .isTrue();
        assertThat(new TestRequest("GET /x/c").fulfils(routes.entries().get(2).match()))
                .isFalse();
        mesh.put("leaf.yaml", null);
        assertThat(IstioMesh.backends(mesh.rule())).containsOnlyKeys("503 there is no VirtualService other/leaf");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "root|root.yaml:1: error: VirtualService default/root: spec.http[0].delegate: delegates in a circle: default/root to itself: requests of this rule are answered with 503",
                "gone|root.yaml:1: error: VirtualService default/root: spec.http[0].delegate: there is no VirtualService default/gone: requests of this rule are answered with 503",
                "own|root.yaml:1: error: VirtualService default/root: spec.http[0].delegate: VirtualService default/own has hosts of its own, and a delegate has none: requests of this rule are answered with 503",
                "back|back.yaml:1: error: VirtualService default/back: spec.http[0].delegate: delegates in a circle: default/root to default/back to default/root; requests of this rule are answered with 503",
                "deep|deep.yaml:1: error: VirtualService default/deep: spec.http[0].delegate: delegates once more, to default/leaf: only one level is allowed; requests of this rule are answered with 503",
            })
    void delegationThatLeadsNowhereIsSaidAndAnsweredWith503(String target, String message) {
        IstioMesh mesh = new IstioMesh()
                .virtual("own", rule("payments", "/own"))
                .virtual("back", "http: [{delegate: {name: root}}]")
                .virtual("deep", "http: [{delegate: {name: leaf}}]")
                .virtual("leaf", "http: [{route: [{destination: {host: reviews}}]}]")
                .virtual("root", "hosts: [reviews], http: [{delegate: {name: " + target + "}}]");
        assertThat(mesh.messages()).contains(message);
        assertThat(IstioMesh.backends(mesh.rule()).keySet().iterator().next()).startsWith("503 ");
    }

    @Test
    void oneBadVirtualServiceIsRefusedAloneAndItsLastGoodVersionStays() {
        IstioMesh mesh = new IstioMesh()
                .put("a.yaml", virtual("default/a", "", rule("reviews", "/a")))
                .put("b.yaml", virtual("default/b", "", rule("payments", "/b")));
        HttpRoutes before = mesh.http("reviews");
        mesh.put("a.yaml", virtual("default/a", "", "hosts: [reviews], http: [{timeout: x}]"));
        assertThat(mesh.http("reviews")).isSameAs(before);
        assertThat(mesh.http("payments").entries()).hasSize(1);
        assertThat(mesh.messages())
                .contains(
                        "a.yaml:1: error: VirtualService default/a: refused: the last good version stays until the errors are corrected");
    }

    @Test
    void aServiceWithoutAWaypointHasNobodyWhoExecutes() {
        IstioMesh mesh = new IstioMesh()
                .put("f.yaml", virtual("other/f", "", rule("far", "/f")))
                .put(
                        "d.yaml",
                        "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d, namespace: other}, spec: {host: far}}")
                .put(
                        "p.yaml",
                        "{apiVersion: linkerd.io/v1alpha2, kind: ServiceProfile, metadata: {name: far.other.svc.cluster.local, namespace: other}, spec: {}}");
        String reason =
                "Service other/far has no waypoint, so nobody executes this: label the service or its namespace culvert.io/use-waypoint";
        assertThat(mesh.messages())
                .containsExactly(
                        "d.yaml:1: warning: DestinationRule other/d: spec.host: " + reason,
                        "f.yaml:1: warning: VirtualService other/f: spec.hosts: " + reason,
                        "p.yaml:1: warning: ServiceProfile other/far.other.svc.cluster.local: metadata.name: "
                                + reason);
    }

    @Test
    void requestsToAPortOfWhichNoRuleSpeaksPass() {
        IstioMesh mesh = new IstioMesh()
                .virtual(
                        "v",
                        "hosts: [two-ports], http: [{match: [{port: 81}], route: [{destination: {host: reviews}}]}]");
        assertThat(mesh.port("two-ports", 81).http().attached()).isTrue();
        assertThat(mesh.port("two-ports", 80).http()).isEqualTo(HttpRoutes.NONE);
    }
}

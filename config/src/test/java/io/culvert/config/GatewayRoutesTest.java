package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.Protocol;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attachment, references and statuses of routes of Gateway API. */
class GatewayRoutesTest {
    private static final String V1 = "[{backendRefs: [{name: v1, port: 80}]}]";
    private static final String V1_CLUSTER = "shop/v1.shop.svc.cluster.local|80|";

    private static TestRoutes with(String route) {
        return new TestRoutes().put("r.yaml", route);
    }

    @Test
    void aRouteIsForItsServiceAndForAllPortsUnlessItSaysOne() {
        TestRoutes routes = with(TestRoutes.route("HTTPRoute", "r", V1));
        assertThat(routes.messages()).isEmpty();
        assertThat(routes.service(TestRoutes.WEB).ports()).containsOnlyKeys(0);
        assertThat(routes.http().attached()).isTrue();
        assertThat(routes.backends()).isEqualTo(Map.of(V1_CLUSTER, 1));
        assertThat(routes.rule().name()).isEqualTo("HTTPRoute/shop/r/0");
        assertThat(routes.last.table().services()).containsOnlyKeys(TestRoutes.WEB);
        assertThat(routes.conditions("HTTPRoute shop/r"))
                .containsExactly("Accepted=true/Accepted", "ResolvedRefs=true/ResolvedRefs");
    }

    @Test
    void aRouteForAPortIsTriedThereTogetherWithThoseForAllPorts() {
        String one = TestRoutes.route(
                "HTTPRoute",
                "shop/one",
                "{group: '', kind: Service, name: web, port: 81}",
                "[{matches: [{path: {value: /x}}], backendRefs: [{name: v1, port: 80}]}]");
        TestRoutes routes = with(one + "---\n" + TestRoutes.route("HTTPRoute", "all", V1));
        assertThat(routes.port(81).http().entries()).hasSize(2);
        assertThat(routes.port(81).http().entries().getFirst().rule().name()).isEqualTo("HTTPRoute/shop/one/0");
        assertThat(routes.order()).containsExactly("all/0");
        routes.put("r.yaml", one);
        assertThat(routes.service(TestRoutes.WEB).port(80)).isNull();
    }

    @Test
    void sectionNameIsTheNameOfAPort() {
        TestRoutes routes = with(TestRoutes.route(
                "HTTPRoute", "shop/r", "{group: '', kind: Service, name: web, sectionName: http-more}", V1));
        assertThat(routes.service(TestRoutes.WEB).ports()).containsOnlyKeys(81);
    }

    @Test
    void aRouteOfAnotherNamespaceIsForClientsOfThatNamespace() {
        TestRoutes routes = with(TestRoutes.route("HTTPRoute", "r", V1)
                + "---\n"
                + TestRoutes.route(
                        "HTTPRoute",
                        "bank/r",
                        "{group: '', kind: Service, name: web, namespace: shop}",
                        "[{backendRefs: [{name: vault, port: 50}]}]"));
        PortRoutes port = routes.port(80);
        assertThat(port.http("shop").entries().getFirst().rule().name()).isEqualTo("HTTPRoute/shop/r/0");
        assertThat(port.http("bank").entries().getFirst().rule().name()).isEqualTo("HTTPRoute/bank/r/0");
        routes.put(
                "r.yaml",
                TestRoutes.route(
                        "HTTPRoute",
                        "bank/r",
                        "{group: '', kind: Service, name: web, namespace: shop}",
                        "[{backendRefs: [{name: vault, port: 50}]}]"));
        assertThat(routes.http()).as("others pass").isEqualTo(HttpRoutes.NONE);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{name: nope, port: 80} | BackendNotFound | there is no Service shop/nope",
                "{name: v1, port: 8} | BackendNotFound | Service shop/v1 has no port 8 (it has 80, 443)",
                "{name: vault, namespace: bank, port: 50} | RefNotPermitted | Service bank/vault is in another namespace, which has no ReferenceGrant for HTTPRoutes of namespace shop",
                "{kind: Bucket, group: s3.example.com, name: b} | InvalidKind | kind Bucket of s3.example.com is no backend: use a Service",
                "{name: v1, port: 443} | UnsupportedProtocol | port 443 of Service shop/v1 speaks TLS to the app, and a waypoint sends plain HTTP there",
            })
    void aReferenceToNowhereCostsItsShareAndSaysWhy(String ref, String reason, String message) {
        TestRoutes routes = with(TestRoutes.route(
                "HTTPRoute", "r", "[{backendRefs: [" + ref.replace("}", ", weight: 3}") + ", {name: v1, port: 80}]}]"));
        assertThat(routes.backends()).isEqualTo(Map.of("500 " + message, 3, V1_CLUSTER, 1));
        assertThat(routes.messages())
                .containsExactly("r.yaml:6: error: HTTPRoute shop/r: spec.rules[0].backendRefs[0]: " + message
                        + ": its share of requests is answered with 500");
        assertThat(routes.conditions("HTTPRoute shop/r"))
                .containsExactly("Accepted=true/Accepted", "ResolvedRefs=false/" + reason);
    }

    @Test
    void aReferenceComesRightWhenWhatItNamesComes() {
        TestRoutes routes =
                with(TestRoutes.route("HTTPRoute", "r", "[{backendRefs: [{name: vault, namespace: bank, port: 50}]}]"));
        assertThat(routes.backends().keySet().iterator().next()).startsWith("500 ");
        String grant = "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\n"
                + "metadata: {name: g, namespace: bank}\nspec:\n"
                + "  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]\n"
                + "  to: [{group: '', kind: Service, name: NAME}]\n";
        routes.put("g.yaml", grant.replace("NAME", "other"));
        assertThat(routes.backends().keySet().iterator().next()).startsWith("500 ");
        routes.put("g.yaml", grant.replace("NAME", "vault"));
        assertThat(routes.backends()).isEqualTo(Map.of("bank/vault.bank.svc.cluster.local|50|", 1));
        assertThat(routes.messages()).isEmpty();
        routes.put("g.yaml", null);
        assertThat(routes.backends().keySet().iterator().next()).startsWith("500 ");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{group: '', kind: Service, name: web, namespace: shop} | ResolvedRefs=true/ResolvedRefs",
                "{group: '', kind: Service, name: web, namespace: shop}, {group: '', kind: Service, name: v1, namespace: shop} | ResolvedRefs=false/RefNotPermitted",
            })
    void aConsumersRouteToWhereItsClientsWereGoingNeedsNoGrant(String parents, String condition) {
        TestRoutes routes = with(TestRoutes.route(
                "HTTPRoute", "bank/r", parents, "[{backendRefs: [{name: web, namespace: shop, port: 80}]}]"));
        assertThat(routes.conditions("HTTPRoute bank/r").getLast()).isEqualTo(condition);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "HTTPRoute | {group: '', kind: Service, name: nope} | NoMatchingParent | there is no Service shop/nope",
                "HTTPRoute | {group: '', kind: Service, name: web, port: 7} | NoMatchingParent | Service shop/web has no port 7 (it has 80, 81, 90, 443)",
                "HTTPRoute | {name: way} | NotAllowedByListeners | a waypoint executes the routes of services: name a Service in parentRefs",
                "TCPRoute | {group: '', kind: Service, name: vault, namespace: bank} | UnsupportedValue | a TCPRoute for clients of its own namespace is not supported: put it into namespace bank",
            })
    void aParentThatCannotBeIsToldInTheStatus(String kind, String parent, String reason, String message) {
        TestRoutes routes = with("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
                + "metadata: {name: way, namespace: shop}\nspec:\n  gatewayClassName: culvert-waypoint\n"
                + "  listeners: [{name: mesh, port: 15008, protocol: HBONE}]\n---\n"
                + TestRoutes.route(kind, "shop/r", parent, V1));
        assertThat(routes.last.table().services()).isEmpty();
        assertThat(routes.conditions(kind + " shop/r")).first().isEqualTo("Accepted=false/" + reason);
        assertThat(routes.messages())
                .containsExactly("r.yaml:12: error: " + kind + " shop/r: spec.parentRefs[0]: " + message);
    }

    @Test
    void aRouteThatNothingCanGoThroughIsTold() {
        TestRoutes routes =
                with(TestRoutes.route("HTTPRoute", "shop/r", "{group: '', kind: Service, name: web, port: 90}", V1));
        assertThat(routes.messages())
                .containsExactly(
                        "r.yaml:5: warning: HTTPRoute shop/r: spec.parentRefs[0]: nothing goes through this route"
                                + ": port 90 is declared as TCP by its appProtocol or name");
    }

    @Test
    void ofGrpcAndHttpRoutesForOnePortTheGrpcRouteCounts() {
        TestRoutes routes = with(TestRoutes.route("HTTPRoute", "h", V1)
                + "---\n"
                + TestRoutes.route("GRPCRoute", "shop/g", "{group: '', kind: Service, name: web, port: 81}", V1));
        assertThat(routes.order()).containsExactly("h/0");
        assertThat(routes.port(81).http().entries()).hasSize(1);
        assertThat(routes.messages())
                .containsExactly(
                        "r.yaml:1: warning: HTTPRoute shop/h: spec.parentRefs: a GRPCRoute for the same port of Service "
                                + "shop/web counts instead: give them different ports, or write one of them as the other");
    }

    @Test
    void streamRoutesChooseByWeightAndByServerName() {
        TestRoutes routes = with(TestRoutes.route(
                        "TCPRoute",
                        "t",
                        "[{backendRefs: [{name: v1, port: 80, weight: 9}, {name: nope, port: 1, weight: 1}]}]")
                + "---\n"
                + TestRoutes.route("TLSRoute", "s", "[{backendRefs: [{name: v1, port: 443}]}]")
                + "  hostnames: [WEB.example.com]\n");
        assertThat(routes.port(90).tcp()).hasSize(1);
        assertThat(routes.port(90).tcp().getFirst().backends())
                .extracting(backend -> TestRoutes.describe(backend.backend()) + " " + backend.weight())
                .containsExactly(V1_CLUSTER + " 9", "500 there is no Service shop/nope 1");
        assertThat(routes.port(443).tls().getFirst().serverNames()).containsExactly("web.example.com");
        assertThat(routes.conditions("TCPRoute shop/t")).contains("ResolvedRefs=false/BackendNotFound");
    }

    @Test
    void whatDoesNotChangeStaysTheSameObject() {
        TestRoutes routes = with(TestRoutes.route("HTTPRoute", "r", V1)
                + "---\n"
                + TestRoutes.route("HTTPRoute", "shop/other", "{group: '', kind: Service, name: v2}", V1));
        var before = routes.last;
        long compiled = routes.compiler.counters().routedServicesCompiled;
        routes.put("more.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}");
        assertThat(routes.last.table()).isSameAs(before.table());
        routes.put(
                "r.yaml",
                TestRoutes.route("HTTPRoute", "r", "[{backendRefs: [{name: v2, port: 80}]}]")
                        + "---\n"
                        + TestRoutes.route("HTTPRoute", "shop/other", "{group: '', kind: Service, name: v2}", V1));
        String other = "shop/v2.shop.svc.cluster.local";
        assertThat(routes.last.table().service(other)).isSameAs(before.table().service(other));
        assertThat(routes.last.table().service(TestRoutes.WEB))
                .isNotEqualTo(before.table().service(TestRoutes.WEB));
        assertThat(routes.last.table().clusters()).isSameAs(before.table().clusters());
        assertThat(routes.compiler.counters().routedServicesCompiled - compiled).isEqualTo(1);
    }

    @Test
    void aRefusedRouteIsRefusedAloneAndItsLastGoodVersionStays() {
        TestRoutes routes = with(TestRoutes.route("HTTPRoute", "r", V1));
        routes.put(
                "r.yaml",
                TestRoutes.route(
                        "HTTPRoute",
                        "r",
                        "[{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 305}}]}]"));
        assertThat(routes.backends()).isEqualTo(Map.of(V1_CLUSTER, 1));
        assertThat(routes.conditions("HTTPRoute shop/r"))
                .containsExactly("Accepted=false/UnsupportedValue", "ResolvedRefs=true/ResolvedRefs");
        assertThat(routes.messages())
                .containsExactly(
                        "r.yaml:1: error: HTTPRoute shop/r: refused: the last good version stays until the errors are corrected",
                        "r.yaml:6: error: HTTPRoute shop/r: spec.rules[0].filters[0].requestRedirect.statusCode: 305 is not "
                                + "one of 301, 302, 303, 307, 308");
        routes.put("r.yaml", null);
        assertThat(routes.last.table().services()).isEmpty();
        assertThat(routes.last.statuses()).isEmpty();
    }

    @Test
    void clustersHaveTheProtocolOfTheirPort() {
        TestRoutes routes = new TestRoutes();
        assertThat(routes.cluster("bank/vault.bank.svc.cluster.local|50|").protocol())
                .isEqualTo(Protocol.GRPC);
        assertThat(routes.cluster(TestRoutes.WEB + "|90|").protocol()).isEqualTo(Protocol.TCP);
        assertThat(routes.last.table().labels()).isEmpty();
    }

    @Test
    void aRouteThatNoWaypointExecutesIsTold() {
        TestRoutes routes = with(TestRoutes.route("HTTPRoute", "r", V1));
        routes.put("shop.yaml", TestRoutes.SHOP.replace("use-waypoint: way", "use-waypoint: none"));
        assertThat(routes.conditions("HTTPRoute shop/r"))
                .containsExactly(
                        "Accepted=true/Accepted",
                        "ResolvedRefs=true/ResolvedRefs",
                        "ResolvedWaypoints=false/MissingUseWaypointLabel");
        assertThat(routes.messages())
                .containsExactly(
                        "r.yaml:5: warning: HTTPRoute shop/r: spec.parentRefs[0]: Service shop/web has no waypoint, so "
                                + "nobody executes this: give it or its namespace the label culvert.io/use-waypoint");
    }
}

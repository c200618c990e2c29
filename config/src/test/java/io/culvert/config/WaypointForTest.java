package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.StringMatch;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a waypoint is for: services, pods, both or nothing, as its Gateway's label says. */
class WaypointForTest {
    private static final String WEB = "shop/web.shop.svc.cluster.local";
    private static final String ONLY = "shop/culvert-waypoint-only.web-1";
    private static final String WP = "cluster.local/ns/shop/sa/wp";

    private final TestMesh mesh = new TestMesh();

    private static String gateway(String traffic) {
        return "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: wp, namespace: shop, labels: {"
                + (traffic.isEmpty() ? "" : "culvert.io/waypoint-for: " + traffic)
                + "}}, spec: {gatewayClassName: culvert-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}";
    }

    private static String namespace(String labels) {
        return "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {" + labels + "}}}";
    }

    private static String service(String name, int port, int target, String labels) {
        return "{apiVersion: v1, kind: Service, metadata: {name: " + name + ", namespace: shop, labels: {" + labels
                + "}}, spec: {selector: {app: web}, ports: [{port: " + port + ", targetPort: " + target + "}]}}";
    }

    private static String pod(String labels, String spec) {
        return "{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop, labels: {app: web" + labels
                + "}}, spec: {nodeName: n1" + spec + "}, status: {podIPs: [{ip: 10.0.0.1}]}}";
    }

    private boolean hasPod() {
        return mesh.workload("shop/web-1").hasWaypoint();
    }

    private boolean hasService() {
        return mesh.service(WEB).hasWaypoint();
    }

    @ParameterizedTest(name = "{0}; namespace {1}, service {2}, pod {3}")
    @CsvSource({
        "service, use, -, -, true, false",
        "workload, use, -, -, false, true",
        "all, use, -, -, true, true",
        "none, use, -, -, false, false",
        "'', use, -, -, true, false",
        "service, -, use, use, true, false",
        "workload, -, use, use, false, true",
        "all, -, use, use, true, true",
        "none, -, use, use, false, false",
        "all, use, none, none, false, false",
        "all, -, -, -, false, false",
        "no Gateway, use, -, -, true, false",
        "no Gateway, -, use, use, true, true",
    })
    void servicesAndPodsHaveTheWaypointThatTheyChoseIfItIsForThem(
            String traffic, String namespace, String service, String pod, boolean forService, boolean forPod) {
        String label = "culvert.io/use-waypoint: ";
        if (!traffic.equals("no Gateway")) {
            mesh.put("gw.yaml", gateway(traffic));
        }
        mesh.put("ns.yaml", namespace(namespace.equals("use") ? label + "wp" : ""))
                .put("svc.yaml", service("web", 80, 8080, chosen(service)))
                .put("pod.yaml", pod(chosen(pod).isEmpty() ? "" : ", " + chosen(pod), ""));
        assertThat(hasService()).isEqualTo(forService);
        assertThat(hasPod()).isEqualTo(forPod);
    }

    private static String chosen(String how) {
        return switch (how) {
            case "use" -> "culvert.io/use-waypoint: wp";
            case "none" -> "culvert.io/use-waypoint: none";
            default -> "";
        };
    }

    @Test
    void whatTheGatewaySaysHoldsFromTheMomentThatItChanges() {
        mesh.put("ns.yaml", namespace("culvert.io/use-waypoint: wp"))
                .put("svc.yaml", service("web", 80, 8080, ""))
                .put("pod.yaml", pod("", ""));
        assertThat(hasPod()).isFalse();
        mesh.put("gw.yaml", gateway("workload"));
        assertThat(hasPod()).isTrue();
        assertThat(hasService()).isFalse();
        mesh.put("gw.yaml", gateway("service"));
        assertThat(hasPod()).isFalse();
        assertThat(hasService()).isTrue();
        assertThat(mesh.authorization(ONLY).getRulesCount()).isEqualTo(1);
        mesh.put("gw.yaml", gateway("all"));
        assertThat(hasPod()).isTrue();
        assertThat(mesh.authorization(ONLY).getRulesCount()).isEqualTo(2);
        mesh.remove("gw.yaml");
        assertThat(hasPod()).isFalse();
        assertThat(hasService()).isTrue();
    }

    private static String text(Rule rule) {
        Match match = rule.getClauses(0).getMatches(0);
        return match.getNotPrincipalsList().stream()
                        .map(StringMatch::getExact)
                        .map(principal -> principal.substring(principal.lastIndexOf('/') + 1))
                        .toList()
                + " on " + match.getDestinationPortsList() + " but " + match.getNotDestinationPortsList();
    }

    @Test
    void aPodAcceptsItsWaypointOnlyButWhereAServiceLeadsToIt() {
        mesh.put("gw.yaml", gateway("all"))
                .put("a.yaml", service("web", 80, 8080, "culvert.io/use-waypoint: other"))
                .put("b.yaml", service("open", 81, 8081, ""))
                .put("pod.yaml", pod(", culvert.io/use-waypoint: wp", ""));
        assertThat(mesh.authorization(ONLY).getRulesList().stream()
                        .map(WaypointForTest::text)
                        .toList())
                .containsExactly("[other, wp] on [8080] but []", "[wp] on [] but [8080, 8081]");
        mesh.remove("a.yaml").remove("b.yaml");
        assertThat(mesh.authorization(ONLY).getRulesList().stream()
                        .map(WaypointForTest::text)
                        .toList())
                .containsExactly("[wp] on [] but []");
        assertThat(mesh.authorization(ONLY)
                        .getRules(0)
                        .getClauses(0)
                        .getMatches(0)
                        .getNotPrincipals(0)
                        .getExact())
                .isEqualTo(WP);
    }

    @Test
    void aPodWithItsNodesAddressHasNone() {
        mesh.put("gw.yaml", gateway("all"))
                .put("pod.yaml", pod(", culvert.io/use-waypoint: wp", ", hostNetwork: true"));
        assertThat(hasPod()).isFalse();
        assertThat(mesh.authorizations).doesNotContainKey(ONLY);
    }

    @ParameterizedTest(name = "{0} of a {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "workload | service | Gateway shop/wp is not for services: connections go round it; give it the label culvert.io/waypoint-for: all, or remove this one",
                "none     | service | Gateway shop/wp is not for services: connections go round it; give it the label culvert.io/waypoint-for: all, or remove this one",
                "service  | pod     | Gateway shop/wp is not for pods: connections to the pod's address go round it; give it the label culvert.io/waypoint-for: all, or label the service",
                "all      | node's  | the pod has its node's address: connections to it go round the waypoint",
                "missing  | pod     | there is no Gateway shop/wp: connections are refused until there is one",
            })
    void aChoiceWithoutEffectIsTold(String traffic, String who, String message) {
        String label = "culvert.io/use-waypoint: wp";
        Map<String, String> files = Map.of(
                "gw.yaml",
                traffic.equals("missing") ? namespace("") : gateway(traffic),
                "it.yaml",
                who.equals("service")
                        ? service("web", 80, 8080, label)
                        : pod(", " + label, who.equals("pod") ? "" : ", hostNetwork: true"));
        assertThat(new Analyzer(CompilerSettings.DEFAULTS).analyze(files).toText())
                .contains("labels[culvert.io/use-waypoint]: " + message + "\n");
    }

    @Test
    void policiesOfAWaypointAreForItsPodsToo() {
        String targeted =
                "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: p, namespace: %s}, spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: %s, name: %s}], action: DENY, rules: [{to: [{operation: {methods: [DELETE]}}]}]}}";
        TestRoutes routes = new TestRoutes()
                .put("gw.yaml", gateway("all"))
                .put("p.yaml", targeted.formatted("shop", "Gateway", "wp"))
                .put("c.yaml", targeted.formatted("istio-system", "GatewayClass", "culvert-waypoint"));
        String key = RouteTable.waypointKey("shop", "wp");
        assertThat(Objects.requireNonNull(routes.last.table().service(key)).policies())
                .extracting(RequestPolicy::key)
                .containsExactly("istio-system/p", "shop/p");
        routes.put("p.yaml", null);
        assertThat(Objects.requireNonNull(routes.last.table().service(key)).policies())
                .extracting(RequestPolicy::key)
                .containsExactly("istio-system/p");
        routes.put("gw.yaml", gateway("service"));
        assertThat(routes.last.table().service(key)).isNull();
    }
}

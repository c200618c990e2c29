package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnalyzerTest {
    private static final String MESH = """
            {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {culvert.io/mesh: enabled}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: web, namespace: shop, labels: {app: web}}
            spec:
              nodeName: n1
              containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]
            status: {podIP: 10.0.0.1}
            """;

    private static AnalysisReport analyze(String... files) {
        Map<String, String> texts = new HashMap<>(Map.of("mesh.yaml", MESH));
        for (int i = 0; i < files.length; i++) {
            texts.put("f" + i + ".yaml", files[i]);
        }
        return new Analyzer(CompilerSettings.DEFAULTS).analyze(texts);
    }

    @Test
    void cleanFilesGiveNothing() {
        assertThat(analyze().toText()).isEqualTo("0 errors, 0 warnings, 0 notes\n");
        assertThat(analyze().toJson())
                .isEqualTo(
                        "{\n  \"errors\": 0,\n  \"warnings\": 0,\n  \"notes\": 0,\n  \"diagnostics\": [],\n  \"statuses\": []\n}\n");
    }

    @Test
    void selectorsThatMatchNothingAreToldWithWhatThereIs() {
        AnalysisReport report = analyze(
                AuthorizationPolicyTest.policy("shop", "p", "selector: {matchLabels: {app: wep}}"),
                "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {selector: {ap: web}}}");
        assertThat(report.toText()).isEqualTo("""
                        f0.yaml:1: warning: AuthorizationPolicy shop/p: spec.selector: matches no pod (app is web): correct the labels
                        f1.yaml:1: warning: Service shop/s: spec.selector: matches no pod (none has the label ap): correct the labels
                        0 errors, 2 warnings, 0 notes
                        """);
    }

    @Test
    void aPolicyThatNobodyEnforcesIsTold() {
        AnalysisReport report = analyze(
                AuthorizationPolicyTest.policy("bank", "p", "rules: [{}]"),
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: bank}, spec: {template: {metadata: "
                        + "{labels: {app: d}}, spec: {containers: []}}}}");
        assertThat(report.toText())
                .startsWith("f0.yaml:1: warning: AuthorizationPolicy bank/p: nobody enforces it: no pod "
                        + "that it is for is in the mesh, as neither the pod nor namespace bank has the label culvert.io/mesh: "
                        + "enabled\n");
    }

    @Test
    void aServicePortInAPolicyIsTold() {
        AnalysisReport report = analyze(
                AuthorizationPolicyTest.policy("shop", "p", "rules: [{to: [{operation: {ports: ['80']}}]}]"),
                "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {selector: {app: web}, ports: "
                        + "[{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: htpp}]}}");
        assertThat(report.toText()).isEqualTo("""
                        f0.yaml:1: warning: AuthorizationPolicy shop/p: spec.rules: port 80 is a port of a service; a policy sees the pod's port behind it: use 8080
                        f1.yaml:1: warning: Service shop/s: spec.ports: targetPort htpp of port 81 is the name of no container port of its pods: nothing reaches them
                        0 errors, 2 warnings, 0 notes
                        """);
    }

    @Test
    void holesInStrictAreTold() {
        AnalysisReport report = analyze("""
                apiVersion: v1
                kind: Pod
                metadata: {name: db, namespace: shop, annotations: {culvert.io/exclude-inbound-ports: "9000"}}
                spec: {nodeName: n1, containers: [{name: c, livenessProbe: {tcpSocket: {port: 5432}}}]}
                ---
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: default, namespace: shop}
                spec: {mtls: {mode: STRICT}}
                """);
        assertThat(report.toText()).isEqualTo("""
                        f0.yaml:1: warning: Pod shop/db: metadata.annotations[culvert.io/exclude-inbound-ports]: mutual TLS is STRICT, but these ports are not captured: anybody reaches them in clear
                        f0.yaml:1: info: Pod shop/db: spec.containers: mutual TLS is STRICT, but TCP probe port 5432 is reachable in clear from its node; an HTTP or gRPC probe is not
                        0 errors, 1 warning, 1 note
                        """);
    }

    @Test
    void addressesNodesAndServicesThatDoNotFitAreTold() {
        String service = "{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: shop}, spec: {clusterIP: "
                + "10.96.0.1, selector: {app: web}}}";
        AnalysisReport report = analyze(
                service.formatted("a"),
                service.formatted("b"),
                "{apiVersion: v1, kind: Node, metadata: {name: n11}}",
                "{apiVersion: v1, kind: Service, metadata: {name: c, namespace: shop}, spec: {}}",
                "{apiVersion: v1, kind: Pod, metadata: {name: h, namespace: shop, labels: {culvert.io/mesh: enabled}}, "
                        + "spec: {hostNetwork: true}}");
        assertThat(report.toText()).isEqualTo("""
                        f1.yaml:1: error: Service shop/b: spec.clusterIPs: 10.96.0.1 is the address of Service shop/a too: give one of them another
                        f3.yaml:1: warning: Service shop/c: spec.selector: has no endpoints: add a selector, or an EndpointSlice with the label kubernetes.io/service-name: c
                        f4.yaml:1: warning: Pod shop/h: metadata.labels[culvert.io/mesh]: asks for the mesh, but cannot be in it: the pod uses its node's network (hostNetwork: true)
                        mesh.yaml:3: warning: Pod shop/web: spec.nodeName: there is no Node n1; did you mean `n11`?
                        1 error, 3 warnings, 0 notes
                        """);
    }

    @Test
    void jsonSaysTheSame() {
        AnalysisReport report = analyze("a: \"\tb");
        assertThat(report.toJson()).contains("{\"severity\": \"error\", \"file\": \"f0.yaml\", \"line\": 1, ");
        assertThat(analyze("{apiVersion: v1, kind: \"\\u00e9\\\"\"}").toJson()).contains("unknown kind \\\"é\\\"\\\"");
    }

    @Test
    void thePublishedExamplesAreRead() {
        for (String name : new String[] {"Y4-strict-namespace.yaml", "Y11-strict-default.yaml"}) {
            AnalysisReport report = analyze(resource(name));
            assertThat(report.count(Severity.ERROR)).as(name).isZero();
        }
        TestMesh mesh = new TestMesh()
                .put("pod.yaml", MESH.replace("shop", "production"))
                .put("pa.yaml", resource("Y4-strict-namespace.yaml"));
        assertThat(mesh.workload("production/web").getAuthorizationPoliciesList())
                .containsExactly("istio-system/istio_converted_static_strict");
        assertThat(mesh.messages()).isEmpty();
    }

    private static String resource(String name) {
        try (var in = AnalyzerTest.class.getResourceAsStream("/examples/" + name)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "waz | culvert-waypoint | All | there is no Gateway edge/waz: connections are refused until there is one; did you mean `way`?",
                "way | nginx | All | Gateway edge/way is of class nginx and no waypoint: connections are refused; name one of class culvert-waypoint",
                "way | culvert-waypoint | Same | Gateway edge/way does not admit services of namespace shop: change allowedRoutes.namespaces of its listener, or choose another",
            })
    void aWaypointThatIsNotThereIsTold(String name, String className, String from, String message) {
        AnalysisReport report = analyze(
                "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop, labels: {culvert.io/use-waypoint: "
                        + name
                        + ", culvert.io/use-waypoint-namespace: edge}}, spec: {selector: {app: web}, ports: [{port: 80}]}}",
                "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: way, namespace: edge}, spec: "
                        + "{gatewayClassName: " + className + ", listeners: [{name: m, protocol: HBONE, port: 15008, "
                        + "allowedRoutes: {namespaces: {from: " + from + "}}}]}}");
        assertThat(report.toText())
                .contains("f0.yaml:1: warning: Service shop/s: metadata.labels[culvert.io/use-waypoint]: " + message
                        + "\n");
    }

    @Test
    void routesAreAnalysedWithTheirStatuses() {
        AnalysisReport report = analyze(
                TestRoutes.SHOP,
                TestRoutes.route(
                        "HTTPRoute",
                        "r",
                        "[{backendRefs: [{name: v1, port: 80}, {name: nope, port: 80}], timeout: 1s}]"));
        assertThat(report.toText())
                .contains(
                        "f1.yaml:6: warning: HTTPRoute shop/r: spec.rules[0].timeout: unknown field, ignored; did you mean "
                                + "`timeouts`?\n")
                .contains(
                        "f1.yaml:6: error: HTTPRoute shop/r: spec.rules[0].backendRefs[1]: there is no Service shop/nope: its "
                                + "share of requests is answered with 500\n");
        assertThat(report.toJson())
                .contains(
                        "{\"resource\": \"HTTPRoute shop/r\", \"conditions\": [], \"parents\": [{\"parent\": \"Service "
                                + "shop/web\", \"conditions\": [{\"type\": \"Accepted\", \"status\": true, \"reason\": "
                                + "\"Accepted\", \"message\": \"\"}, {\"type\": \"ResolvedRefs\", \"status\": false, \"reason\": "
                                + "\"BackendNotFound\", \"message\": \"there is no Service shop/nope\"}]}]}");
    }
}

package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Scope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerAuthenticationTest {
    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, namespace: shop, labels: {app: web}}
            spec: {nodeName: n1}
            """;

    private static String policy(String namespace, String name, String spec) {
        return """
                apiVersion: security.istio.io/v1beta1
                kind: PeerAuthentication
                metadata: {name: %s, namespace: %s}
                spec: %s
                """.formatted(name, namespace, spec);
    }

    private static String mode(String mode) {
        return "{mtls: {mode: " + mode + "}}";
    }

    @Test
    void theStaticPolicyDeniesPeersWithoutIdentityAndIsThereFromTheFirst() {
        TestMesh mesh = new TestMesh().put("pod.yaml", POD);
        Authorization strict = mesh.authorization("istio-system/istio_converted_static_strict");
        assertThat(strict.getAction()).isEqualTo(Action.DENY);
        assertThat(strict.getScope()).isEqualTo(Scope.WORKLOAD_SELECTOR);
        assertThat(strict.getRulesCount()).isEqualTo(1);
        Match match = strict.getRules(0).getClauses(0).getMatches(0);
        assertThat(match.getNotPrincipalsList()).singleElement().matches(principal -> principal.hasPresence());
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList()).isEmpty();
    }

    @ParameterizedTest(name = "mesh {0}, namespace {1}, workload {2}: strict {3}")
    @CsvSource({
        "-, -, -, false",
        "STRICT, -, -, true",
        "STRICT, PERMISSIVE, -, false",
        "STRICT, UNSET, -, true",
        "STRICT, UNSET, UNSET, true",
        "PERMISSIVE, STRICT, -, true",
        "PERMISSIVE, STRICT, PERMISSIVE, false",
        "PERMISSIVE, STRICT, DISABLE, false",
        "STRICT, DISABLE, -, false",
        "-, -, STRICT, true",
    })
    void theInnermostLevelThatSaysSomethingCounts(String mesh, String namespace, String workload, boolean strict) {
        TestMesh compiled = new TestMesh().put("pod.yaml", POD);
        put(compiled, "mesh.yaml", mesh, policy("istio-system", "default", mode(mesh)));
        put(compiled, "ns.yaml", namespace, policy("shop", "default", mode(namespace)));
        put(
                compiled,
                "web.yaml",
                workload,
                policy("shop", "web", "{selector: {matchLabels: {app: web}}, mtls: {mode: " + workload + "}}"));
        assertThat(compiled.workload("shop/web").getAuthorizationPoliciesList())
                .isEqualTo(strict ? List.of("istio-system/istio_converted_static_strict") : List.of());
    }

    private static void put(TestMesh mesh, String file, String mode, String text) {
        if (!mode.equals("-")) {
            mesh.put(file, text);
        }
    }

    @ParameterizedTest(name = "mesh {0}, workload {1}, port 8080 {2}")
    @CsvSource({
        "PERMISSIVE, STRICT, PERMISSIVE, not_destination_ports",
        "STRICT, UNSET, DISABLE, not_destination_ports",
        "STRICT, PERMISSIVE, STRICT, destination_ports",
        "PERMISSIVE, UNSET, STRICT, destination_ports",
        "PERMISSIVE, STRICT, STRICT, static",
        "STRICT, UNSET, UNSET, static",
        "STRICT, PERMISSIVE, PERMISSIVE, none",
    })
    void aPortOfItsOwnModeIsACondition(String mesh, String workload, String port, String expected) {
        String spec = "{selector: {matchLabels: {app: web}}, mtls: {mode: " + workload
                + "}, portLevelMtls: {8080: {mode: " + port + "}}}";
        TestMesh compiled = new TestMesh()
                .put("pod.yaml", POD)
                .put("mesh.yaml", policy("istio-system", "default", mode(mesh)))
                .put("web.yaml", policy("shop", "web", spec));
        String key = "shop/converted_peer_authentication_web";
        List<String> keys = compiled.workload("shop/web").getAuthorizationPoliciesList();
        switch (expected) {
            case "none" -> assertThat(keys).isEmpty();
            case "static" -> assertThat(keys).containsExactly("istio-system/istio_converted_static_strict");
            default -> {
                assertThat(keys).containsExactly(key);
                Match match =
                        compiled.authorization(key).getRules(0).getClauses(0).getMatches(0);
                assertThat(match.getNotPrincipals(0).hasPresence()).isTrue();
                boolean not = expected.equals("not_destination_ports");
                assertThat(match.getNotDestinationPortsList()).isEqualTo(not ? List.of(8080) : List.of());
                assertThat(match.getDestinationPortsList()).isEqualTo(not ? List.of() : List.of(8080));
            }
        }
    }

    @Test
    void theOldestOfTwoOnOneLevelCountsAndTheOtherIsTold() {
        TestMesh mesh = new TestMesh()
                .put("pod.yaml", POD)
                .put("a.yaml", policy("shop", "a", mode("PERMISSIVE")))
                .put("b.yaml", policy("shop", "b, creationTimestamp: 2020-01-01T00:00:00Z", mode("STRICT")));
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesCount()).isEqualTo(1);
        assertThat(mesh.messages())
                .containsExactly(
                        "a.yaml:1: warning: PeerAuthentication shop/a: has no effect: PeerAuthentication shop/b is for the same "
                                + "namespace and counts, being the older (or the first by name); remove one");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{mtls: {mode: STRIKT}}|error: PeerAuthentication shop/p: spec.mtls.mode: \"STRIKT\" is not one of UNSET, DISABLE, PERMISSIVE, STRICT; did you mean `STRICT`?",
                "{mtls: {mode: DISABLE}}|warning: PeerAuthentication shop/p: spec.mtls.mode: DISABLE is not supported without sidecars: mutual TLS stays on between pods of the mesh, and plaintext is accepted as with PERMISSIVE; write PERMISSIVE",
                "{mtl: {mode: STRICT}}|warning: PeerAuthentication shop/p: spec.mtl: unknown field, ignored; did you mean `mtls`?",
                "{portLevelMtls: {80: {mode: STRICT}}}|error: PeerAuthentication shop/p: spec.portLevelMtls: needs a selector: ports are those of workloads; add spec.selector",
                "{selector: {matchLabels: {app: web}}, portLevelMtls: {0: {mode: STRICT}}}|error: PeerAuthentication shop/p: spec.portLevelMtls.0: \"0\" is no port: use 1 to 65535",
                "{selector: {matchLabels: {app: 'w*'}}}|error: PeerAuthentication shop/p: spec.selector.matchLabels.app: \"w*\" is no label value: use letters, digits, '-', '_' and '.', at most 63 (wildcards are not supported)",
                "{selector: {matchLabels: [app]}}|error: PeerAuthentication shop/p: spec.selector.matchLabels: must be a mapping, is a list",
            })
    void faultsAreNamed(String spec, String message) {
        TestMesh mesh = new TestMesh().put("pod.yaml", POD).put("p.yaml", policy("shop", "p", spec));
        assertThat(mesh.messages()).contains("p.yaml:4: " + message);
    }

    @Test
    void oneInTheRootNamespaceWithASelectorIsAnError() {
        TestMesh mesh = new TestMesh()
                .put("pod.yaml", POD)
                .put(
                        "p.yaml",
                        policy("istio-system", "p", "{selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}}"));
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList()).isEmpty();
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:1: error: PeerAuthentication istio-system/p: spec.selector: has no effect: in the root namespace "
                                + "istio-system a PeerAuthentication is for the whole mesh; put it into the namespace of its workloads");
    }

    @Test
    void arefusedOneThatWasNeverGoodDeniesWhatItSelects() {
        String faulty = "{selector: {matchLabels: {app: web}}, mtls: {mode: STRIKT}}";
        TestMesh mesh = new TestMesh().put("pod.yaml", POD).put("p.yaml", policy("shop", "p", faulty));
        Authorization closed = mesh.authorization("shop/converted_peer_authentication_p");
        assertThat(closed.getAction()).isEqualTo(Action.DENY);
        assertThat(closed.getScope()).isEqualTo(Scope.WORKLOAD_SELECTOR);
        assertThat(closed.getRulesList()).singleElement().matches(rule -> rule.getClausesCount() == 0);
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList())
                .containsExactly("shop/converted_peer_authentication_p");
        assertThat(mesh.messages())
                .contains(
                        "p.yaml:1: error: PeerAuthentication shop/p: refused: there is no earlier good version, so what it "
                                + "selects in namespace shop is denied all traffic until the errors are corrected");
        mesh.put("p.yaml", policy("shop", "p", faulty.replace("STRIKT", "PERMISSIVE")));
        assertThat(mesh.authorizations).doesNotContainKey("shop/converted_peer_authentication_p");
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList()).isEmpty();
    }
}

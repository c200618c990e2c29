package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** With 10,000 pods a change does work for what it touches, counted and not timed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScaleTest {
    private static final int PODS = 10_000;

    private final TestMesh mesh = new TestMesh();
    private long pods;
    private long policies;
    private long documents;

    private static String pod(int number, int version) {
        int namespace = number % 20;
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: p%1$d, namespace: ns%2$d, labels: {app: a%3$d, version: v%4$d}}
                spec: {nodeName: n%5$d, serviceAccountName: s%3$d}
                status: {podIPs: [{ip: 10.%6$d.%7$d.1}], conditions: [{type: Ready, status: "True"}]}
                """.formatted(number, namespace, number % 500, version, number % 50, number / 250, number % 250);
    }

    private static String policy(int number, String port) {
        return AuthorizationPolicyTest.policy(
                "ns" + number % 20,
                "policy" + number,
                "selector: {matchLabels: {app: a" + number + "}}\nrules: [{to: [{operation: {ports: ['" + port
                        + "']}}]}]");
    }

    @BeforeAll
    void fill() {
        Map<String, @Nullable String> files = new HashMap<>();
        for (int i = 0; i < PODS; i++) {
            files.put("pod-" + i, pod(i, 1));
        }
        for (int i = 0; i < 500; i++) {
            files.put("svc-" + i, """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: s%d, namespace: ns%d}
                    spec: {selector: {app: a%d}, ports: [{port: 80}]}
                    """.formatted(i, i % 20, i));
            files.put("policy-" + i, policy(i, "80"));
        }
        mesh.apply(SourceChanges.files(files));
        assertThat(mesh.messages()).isEmpty();
        assertThat(mesh.addresses).hasSize(PODS + 500);
    }

    @BeforeEach
    void mark() {
        pods = mesh.compiler.counters().podsCompiled;
        policies = mesh.compiler.counters().policiesCompiled;
        documents = mesh.compiler.counters().documentsRead;
    }

    @Test
    void fiveHundredPodsAndFiftyPoliciesCostThemselves() {
        Map<String, @Nullable String> files = new HashMap<>();
        for (int i = 0; i < 500; i++) {
            files.put("pod-" + i * 7, pod(i * 7, 2));
        }
        for (int i = 0; i < 50; i++) {
            files.put("policy-" + i * 3, policy(i * 3, "81"));
        }
        mesh.apply(SourceChanges.files(files));
        assertThat(mesh.last.addresses()).hasSize(500);
        assertThat(mesh.last.authorizations()).hasSize(50);
        assertThat(mesh.compiler.counters().documentsRead - documents).isEqualTo(550);
        assertThat(mesh.compiler.counters().podsCompiled - pods).isEqualTo(500);
        assertThat(mesh.compiler.counters().policiesCompiled - policies).isEqualTo(50);
    }

    @Test
    void aServiceCostsItsPods() {
        mesh.put("svc-7", """
                apiVersion: v1
                kind: Service
                metadata: {name: s7, namespace: ns7}
                spec: {selector: {app: a7}, ports: [{port: 81}]}
                """);
        assertThat(mesh.last.addresses()).hasSize(1 + PODS / 500);
        assertThat(mesh.compiler.counters().podsCompiled - pods).isEqualTo(PODS / 500);
    }

    @Test
    void aNamespaceCostsItsPodsAndOneThatSaysNothingNewCostsNone() {
        mesh.put("ns", "{apiVersion: v1, kind: Namespace, metadata: {name: ns3, labels: {culvert.io/mesh: enabled}}}");
        assertThat(mesh.last.addresses()).hasSize(PODS / 20);
        mark();
        mesh.put(
                "ns",
                "{apiVersion: v1, kind: Namespace, metadata: {name: ns3, labels: {culvert.io/mesh: enabled, a: b}}}");
        assertThat(mesh.compiler.counters().podsCompiled - pods).isZero();
    }

    @Test
    void aMeshWidePolicyThatDecidesNothingCostsNothing() {
        String strict = "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: %s, namespace: "
                + "istio-system}, spec: {mtls: {mode: STRICT}}}";
        mesh.put("pa", strict.formatted("a"));
        assertThat(mesh.last.addresses()).hasSize(PODS);
        mark();
        mesh.put("pa2", strict.formatted("b"));
        assertThat(mesh.last.addresses()).isEmpty();
        assertThat(mesh.compiler.counters().podsCompiled - pods).isZero();
    }
}

package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.security.Scope;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Bad input is refused alone, said, and what was good before stays. */
class BadInputTest {
    private static final String A =
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {nodeName: n1}}\n";
    private static final String B = A.replace("name: a,", "name: b,");

    private static final String POLICY = """
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata:
              labels: {name: x}
              name: strict
              namespace: shop
            spec:
              mtls: {mode: STRICT}
            """;

    @Test
    void aMalformedDocumentIsRefusedAloneWithItsLine() {
        TestMesh mesh = new TestMesh().put("f.yaml", A + "---\nkind: [\nx: {\n---\n" + B);
        assertThat(mesh.hasWorkload("shop/a")).isTrue();
        assertThat(mesh.hasWorkload("shop/b")).isTrue();
        assertThat(mesh.messages())
                .containsExactly(
                        "f.yaml:5: error: malformed YAML: expected the node content, but found '<stream end>' while parsing a flow "
                                + "node that begins in line 5");
    }

    @Test
    void theLastGoodVersionStaysAndIsSaid() {
        TestMesh mesh = new TestMesh().put("f.yaml", A).put("f.yaml", A.replace("n1", "[n1]"));
        assertThat(mesh.workload("shop/a").getNode()).isEqualTo("n1");
        assertThat(mesh.messages())
                .containsExactly(
                        "f.yaml:1: error: Pod shop/a: refused: the last good version stays until the errors are corrected",
                        "f.yaml:1: error: Pod shop/a: spec.nodeName: must be a string, is a list");
        assertThat(mesh.last.isEmpty()).isTrue();
        mesh.put("f.yaml", A.replace("n1", "n2"));
        assertThat(mesh.workload("shop/a").getNode()).isEqualTo("n2");
        assertThat(mesh.messages()).isEmpty();
    }

    @Test
    void whatAnUnreadableDocumentMayHaveBeenStaysToo() {
        TestMesh mesh =
                new TestMesh().put("f.yaml", A + "---\n" + POLICY).put("f.yaml", "{\n---\n" + POLICY + "  x: [");
        assertThat(mesh.workload("shop/a").getAuthorizationPoliciesCount()).isEqualTo(1);
        assertThat(mesh.messages())
                .containsExactly(
                        "f.yaml:1: warning: Pod shop/a: its file has a document that cannot be read, perhaps this one: the "
                                + "last good version stays",
                        "f.yaml:2: error: malformed YAML: expected the node content, but found '<stream end>' while "
                                + "parsing a flow node that begins in line 2",
                        "f.yaml:2: error: PeerAuthentication shop/strict: refused: the last good version stays until the "
                                + "errors are corrected",
                        "f.yaml:11: error: PeerAuthentication shop/strict: malformed YAML: expected the node content, but "
                                + "found '<stream end>' while parsing a flow node that begins in line 11");
        mesh.put("f.yaml", POLICY);
        assertThat(mesh.hasWorkload("shop/a")).as("now it is known to be gone").isFalse();
        assertThat(mesh.messages()).noneMatch(message -> message.contains("good version"));
    }

    @Test
    void aMalformedPolicyThatWasNeverGoodDeniesItsNamespace() {
        TestMesh mesh = new TestMesh().put("a.yaml", A).put("p.yaml", POLICY.replace("  mtls", "\tmtls"));
        assertThat(mesh.authorization("shop/converted_peer_authentication_strict")
                        .getScope())
                .isEqualTo(Scope.NAMESPACE);
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:1: error: PeerAuthentication shop/strict: refused: there is no earlier good version, so "
                                + "namespace shop is denied all traffic until the errors are corrected",
                        "p.yaml:8: error: PeerAuthentication shop/strict: malformed YAML: found character '\\t(TAB)' that "
                                + "cannot start any token. (Do not use \\t(TAB) for indentation) while scanning for the next "
                                + "token");
    }

    @Test
    void aPolicyUnderASlipOfItsKindOrVersionDoesNotFallOpen() {
        for (String bad : new String[] {
            POLICY.replace("kind: PeerAuthentication", "kind: PeerAuthentcation"),
            POLICY.replace("istio.io/v1", "istio.io/v7"),
            POLICY.replace("apiVersion: security.istio.io/v1\n", ""),
            POLICY.replace("security.istio.io/v1", "securty.istio.io/v1"),
            POLICY.replace("  name: strict\n", ""),
            "{\"kind\": \"PeerAuthentication\", \"metadata\": {\"namespace\": \"shop\"}, ",
        }) {
            TestMesh mesh = new TestMesh().put("p.yaml", bad);
            assertThat(mesh.authorizations.keySet())
                    .as(bad)
                    .hasSize(2)
                    .anyMatch(key -> key.startsWith("shop/converted_peer_authentication_"));
            TestMesh before =
                    new TestMesh().put("a.yaml", A).put("p.yaml", POLICY).put("p.yaml", bad);
            assertThat(before.workload("shop/a").getAuthorizationPoliciesList())
                    .as(bad)
                    .containsExactly("istio-system/istio_converted_static_strict");
            assertThat(before.authorizations).as(bad).hasSize(1);
        }
    }

    @Test
    void aSecondDefinitionIsAnErrorThatNamesBothAndTheFirstStays() {
        TestMesh mesh = new TestMesh().put("z.yaml", "# first\n" + A).put("a.yaml", A.replace("n1", "n2"));
        assertThat(mesh.workload("shop/a").getNode()).isEqualTo("n1");
        assertThat(mesh.messages())
                .containsExactly(
                        "a.yaml:1: error: Pod shop/a: is defined already at z.yaml:2, which stays: remove one of the two");
        mesh.remove("z.yaml");
        assertThat(mesh.workload("shop/a").getNode()).isEqualTo("n2");
        assertThat(mesh.messages()).isEmpty();
    }

    @Test
    void documentsOfAListStandEachForItself() {
        TestMesh mesh = new TestMesh().put("l.yaml", """
                apiVersion: v1
                kind: List
                items:
                - apiVersion: v1
                  kind: Pod
                  metadata: {name: a, namespace: shop}
                  spec: {nodeName: n1}
                - apiVersion: v1
                  kind: Pod
                  metadata: {name: b, namespace: shop}
                  spec: {nodeName: 7}
                """);
        assertThat(mesh.hasWorkload("shop/a")).isTrue();
        assertThat(mesh.messages())
                .contains("l.yaml:11: error: Pod shop/b: items[1].spec.nodeName: must be a string, is "
                        + "the number 7: put it in quotes");
    }

    @Test
    void jsonIsYaml() {
        TestMesh mesh = new TestMesh()
                .put(
                        "p.json",
                        "{\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": "
                                + "{\"name\": \"a\", \"namespace\": \"shop\"}, \"spec\": {\"nodeName\": \"n1\"}}");
        assertThat(mesh.hasWorkload("shop/a")).isTrue();
    }

    @Test
    void anchorsAndMergesAreFollowed() {
        TestMesh mesh = new TestMesh().put("p.yaml", """
                apiVersion: v1
                kind: Pod
                metadata: {name: a, namespace: shop, labels: &l {app: web}, annotations: {<<: *l, b: c}}
                spec: {nodeName: n1}
                """);
        assertThat(mesh.workload("shop/a").getCanonicalName()).isEqualTo("web");
        assertThat(mesh.messages()).isEmpty();
    }

    @Test
    void kindsThatAreNotReadAreToldApart() {
        TestMesh mesh = new TestMesh().put("k.yaml", """
                {apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: r, namespace: shop}}
                ---
                {apiVersion: example.org/v1, kind: Thing, metadata: {name: t}}
                ---
                {apiVersion: v1, kind: Pid, metadata: {name: p}}
                ---
                {apiVersion: example.org/v1, kind: Pod, metadata: {name: p}}
                ---
                {kind: Pod, metadata: {name: q}, spec: {}}
                ---
                - 1
                """);
        assertThat(mesh.messages())
                .containsExactly(
                        "k.yaml:1: info: EnvoyFilter shop/r: kind: EnvoyFilter (networking.istio.io/v1) is not used yet",
                        "k.yaml:3: warning: Thing t: kind: unknown kind \"Thing\" of \"example.org/v1\", ignored",
                        "k.yaml:5: error: Pid p: kind: unknown kind \"Pid\"; did you mean `Pod`?",
                        "k.yaml:5: error: Pod default/p: refused: it counts as absent until the errors are corrected",
                        "k.yaml:5: error: Pod default/p: spec: is missing",
                        "k.yaml:7: warning: Pod p: apiVersion: Pod belongs to apiVersion v1, not to \"example.org/v1\"; ignored",
                        "k.yaml:9: error: Pod default/q: refused: it counts as absent until the errors are corrected",
                        "k.yaml:9: error: Pod q: apiVersion: is missing: every resource needs apiVersion and kind",
                        "k.yaml:10: error: is no Kubernetes resource: it must be a mapping with apiVersion and kind");
    }

    @Test
    void aliasesThatExpandWithoutEndAreBounded() {
        String twenty = "%1$s, ".repeat(19) + "%1$s";
        String bomb = """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: bomb, namespace: shop}
                x0: &x0 {source: {namespaces: [a, a, a, a, a, a, a, a, a, a]}}
                x1: &x1 {from: [%s]}
                spec: {rules: [%s]}
                """.formatted(twenty.formatted("*x0"), twenty.formatted("*x1"));
        TestMesh mesh = new TestMesh().put("bomb.yaml", bomb);
        assertThat(mesh.messages())
                .containsExactly(
                        "bomb.yaml:1: error: AuthorizationPolicy shop/bomb: refused: there is no earlier good version, so "
                                + "namespace shop is denied all traffic until the errors are corrected",
                        "bomb.yaml:1: warning: AuthorizationPolicy shop/bomb: metadata.namespace: there is no namespace shop: "
                                + "the policy is for nobody",
                        "bomb.yaml:4: error: AuthorizationPolicy shop/bomb: aliases expand this document too far: write it "
                                + "out");
        mesh.put("bomb.yaml", "a: &a [x]\nb: [" + "*a, ".repeat(200) + "]\n");
        assertThat(mesh.messages()).anyMatch(message -> message.contains("Number of aliases"));
    }

    @Test
    void deepNestingAndHugeDocumentsAreBounded() {
        TestMesh mesh = new TestMesh().put("a.yaml", A).put("deep.yaml", "[".repeat(50_000));
        assertThat(mesh.messages())
                .containsExactly("deep.yaml:1: error: nested more than 100 deep: no resource is; refused");
        mesh.put("deep.yaml", "a: \"" + "x".repeat(BoundedComposer.MAX_DOCUMENT) + "\"");
        assertThat(mesh.messages()).singleElement().asString().contains("The incoming YAML document exceeds the limit");
        mesh.put("deep.yaml", "\u0000");
        assertThat(mesh.messages()).singleElement().asString().contains("special characters are not allowed");
        assertThat(mesh.hasWorkload("shop/a")).isTrue();
    }

    @Test
    void aKeyGivenTwiceIsAnError() {
        TestMesh mesh = new TestMesh().put("a.yaml", """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  nodeName: x
                  nodeName: y
                """);
        assertThat(mesh.messages())
                .contains(
                        "a.yaml:6: error: Pod default/a: spec.nodeName: is given twice (first in line 5): remove one");
    }

    @Test
    void onlyWhatChangedInAFileIsReadAgain() {
        TestMesh mesh = new TestMesh().put("f.yaml", A + "---\n" + B);
        assertThat(mesh.compiler.counters().documentsRead).isEqualTo(2);
        mesh.put("f.yaml", A + "---\n" + B.replace("n1", "n2"));
        assertThat(mesh.compiler.counters().documentsRead).isEqualTo(3);
        Map<String, @Nullable String> same = new HashMap<>();
        same.put("f.yaml", A + "---\n" + B.replace("n1", "n2"));
        mesh.apply(SourceChanges.files(same));
        assertThat(mesh.compiler.counters().documentsRead).isEqualTo(3);
        assertThat(mesh.last.isEmpty()).isTrue();
    }
}

package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

@SuppressWarnings("NullAway") // what is missing fails the test
class WaypointDocumentsTest {
    private static final String SERVICE = """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}
            """;

    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata: {name: web-1, namespace: shop, labels: {version: "v1", 'odd': "true"}}
            spec: {nodeName: n1, containers: [{name: c, env: [{name: PASSWORD, value: hidden}]}]}
            """;

    private static final String SECRET = """
            apiVersion: v1
            kind: Secret
            metadata: {name: key, namespace: shop}
            data: {password: aGlkZGVu}
            """;

    private final TestMesh mesh = new TestMesh();
    private final Map<String, SourceDocument> held = new HashMap<>();

    private void put(String file, String text) {
        mesh.put(file, text);
        mesh.last.documents().forEach((name, document) -> {
            if (document == null) {
                held.remove(name);
            } else {
                held.put(name, document);
            }
        });
    }

    @Test
    void sendsDocumentsAsTheyAreWrittenWithTheLineOnWhichTheyStand() {
        put("a.yaml", SECRET + "---\n" + SERVICE);
        assertThat(held).containsOnlyKeys("a.yaml#0");
        SourceDocument document = held.get("a.yaml#0");
        assertThat(document.file()).isEqualTo("a.yaml");
        assertThat(document.line()).isEqualTo(5);
        assertThat(document.text()).contains(SERVICE).doesNotContain("Secret");
    }

    @Test
    void tellsOfAPodOnlyItsNameAndLabels() {
        put("a.yaml", POD);
        assertThat(mesh.messages()).isEmpty();
        String text = held.get("a.yaml#0").text();
        assertThat(text).doesNotContain("hidden").doesNotContain("nodeName");
        TestMesh waypoint = new TestMesh().put("a.yaml", text);
        assertThat(waypoint.messages()).isEmpty();
        PodResource pod =
                (PodResource) waypoint.compiler.store().snapshot().get(new ResourceKey(Kind.POD, "shop", "web-1"));
        assertThat(pod.meta().labels()).containsEntry("version", "v1").containsEntry("odd", "true");
    }

    @Test
    void aPodThatChangesWithoutItsLabelsIsNoChange() {
        put("a.yaml", POD);
        assertThat(held).isNotEmpty();
        put("a.yaml", POD.replace("n1", "n2"));
        assertThat(mesh.last.documents()).isEmpty();
    }

    @Test
    void whatIsGoneIsTaken() {
        put("a.yaml", SERVICE + "---\n" + POD);
        put("a.yaml", POD);
        assertThat(held).containsOnlyKeys("a.yaml#0");
        put("a.yaml", "");
        assertThat(held).isEmpty();
    }

    @Test
    void aFileThatCannotBeReadKeepsWhatItHad() {
        put("a.yaml", SERVICE);
        put("a.yaml", "kind: [\n");
        assertThat(held).containsOnlyKeys("a.yaml#0");
    }

    @Test
    void aListWithASecretIsNotSent() {
        put("a.yaml", """
                apiVersion: v1
                kind: List
                items:
                - {apiVersion: v1, kind: "Secret", metadata: {name: key, namespace: shop}}
                - {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}
                """);
        assertThat(held).isEmpty();
    }
}

package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pods that have a waypoint of their own: what is sent to their addresses goes through it, and to no other pod. */
@Tag("netns")
class PodWaypointIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration EFFECT = Duration.ofSeconds(20);
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    static final LabExtension lab = new LabExtension(
            LabExtension.resource("mesh.yaml") + "---\n" + LabExtension.resource("pod-waypoint.yaml"),
            LabOptions.mesh(Launchers.ofClassPath()));

    private final Set<String> applied = new LinkedHashSet<>();

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        for (String pod : List.of("client", "far", "db-0", "db-1")) {
            cluster.awaitMeshed(lab.pod(pod), true);
        }
        lab.lab().awaitReady(lab.pod("way"), true, LONG);
        for (String pod : List.of("db-0", "db-1")) {
            Poll.untilTrue(
                    EFFECT,
                    "nothing reaches " + pod + " through the waypoint",
                    () -> get("client", pod, 8080, "/").out().endsWith("200"));
        }
    }

    @AfterEach
    void removeApplied() {
        applied.forEach(kind -> lab.lab().delete(kind, "mesh", "test"));
    }

    private static ExecResult curl(String from, String url, String... more) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "-m", "5", "-w", "%{http_code}"));
        command.addAll(List.of(more));
        command.add(url);
        return lab.pod(from).exec(command.toArray(String[]::new));
    }

    private static ExecResult get(String from, String pod, int port, String path, String... more) {
        return curl(from, "http://" + lab.pod(pod).ip4() + ":" + port + path, more);
    }

    private static List<JsonNode> requestLog() {
        return RequestLog.of(lab.lab(), "mesh.way");
    }

    @ParameterizedTest(name = "from {0} to {1}")
    @CsvSource({"client, db-0", "client, db-1", "far, db-0", "far, db-1"})
    void aRequestToAPodPassesItsWaypointAndReachesThatPod(String from, String to) {
        String path = "/" + from + "/" + to;
        for (int i = 0; i < 3; i++) {
            assertThat(get(from, to, 8080, path).out())
                    .startsWith(to + " GET " + path)
                    .endsWith("200");
        }
        JsonNode line = Poll.until(
                EFFECT,
                "the request is not in the waypoint's log",
                () -> requestLog().stream()
                        .filter(l -> l.path("path").asText().equals(path))
                        .findFirst()
                        .orElse(null));
        assertThat(line.path("destination_workload").asText())
                .as(line.toString())
                .isEqualTo(to);
        assertThat(line.has("destination_service")).as(line.toString()).isFalse();
        assertThat(line.path("source_principal").asText()).isEqualTo("spiffe://cluster.local/ns/mesh/sa/" + from);
    }

    @Test
    void theAddressFamilyThatWasDialledReachesTheApp() {
        assertThat(curl("client", "http://[" + lab.pod("db-1").ip6() + "]:8080/six")
                        .out())
                .startsWith("db-1 GET /six")
                .endsWith("200");
        // The app listens there with IPv4 only.
        assertThat(curl("client", "http://[" + lab.pod("db-1").ip6() + "]:8082/six")
                        .out())
                .endsWith("503");
        assertThat(get("client", "db-1", 8082, "/four").out()).endsWith("200");
    }

    @Test
    void itsServiceWithoutAWaypointIsReachedWithoutOne() {
        Set<String> answered = new LinkedHashSet<>();
        Poll.untilTrue(EFFECT, "the service does not reach both pods", () -> {
            String out = curl("client", "http://db.mesh/by-service").out();
            assertThat(out).endsWith("200");
            answered.add(out.substring(0, 4));
            return answered.size() == 2;
        });
        assertThat(requestLog()).noneMatch(line -> line.path("path").asText().equals("/by-service"));
    }

    @Test
    void nobodyOutsideOfTheMeshGoesRoundTheWaypoint() {
        for (int port : List.of(8080, 8082)) {
            ExecResult direct = get("outside", "db-1", port, "/");
            assertThat(direct.ok()).as(port + ": " + direct.describe()).isFalse();
        }
        assertThat(get("outside", "db-1", 8081, "/").out())
                .as("the service's target port, which has no waypoint")
                .endsWith("200");
    }

    @Test
    void aPolicyOnTheGatewayLooksAtRequestsToPods() {
        assertThat(get("client", "db-0", 8080, "/", "-X", "DELETE").out()).endsWith("200");
        lab.lab()
                .apply("{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy,"
                        + " metadata: {name: test, namespace: mesh}, spec: {targetRefs: [{group:"
                        + " gateway.networking.k8s.io, kind: Gateway, name: way}], action: DENY,"
                        + " rules: [{to: [{operation: {methods: [DELETE]}}]}]}}\n");
        applied.add("AuthorizationPolicy");
        Poll.untilTrue(
                EFFECT,
                "not denied",
                () -> get("client", "db-0", 8080, "/", "-X", "DELETE").out().endsWith("403"));
        assertThat(get("client", "db-0", 8080, "/").out()).endsWith("200");
    }

    @Test
    void theAdminPortTellsWhatIsOpenAndWhatItKnows() throws Exception {
        assertThat(get("client", "db-1", 8080, "/").out()).endsWith("200");
        Process open = new ProcessBuilder(lab.pod("client")
                        .command(
                                List.of("socat", "-u", "TCP4:" + lab.pod("db-1").ip4() + ":8080", "STDOUT")))
                .start();
        try {
            Poll.untilTrue(EFFECT, "the connection is not listed", () -> {
                for (JsonNode connection : admin("/connections")) {
                    if (connection.path("workload").asText().equals("Kubernetes//Pod/mesh/db-1")
                            && connection
                                    .path("identity")
                                    .asText()
                                    .equals("spiffe://cluster.local/ns/mesh/sa/client")) {
                        return true;
                    }
                }
                return false;
            });
        } finally {
            open.destroy();
        }
        JsonNode dump = admin("/config_dump");
        assertThat(dump.path("workloads").findValuesAsText("uid")).contains("Kubernetes//Pod/mesh/db-1");
        assertThat(dump.path("clusters").findValuesAsText("key")).contains("pods");
        assertThat(dump.path("config").path("node-token").asText()).endsWith(" (redacted)");
    }

    private static JsonNode admin(String page) {
        ExecResult result = lab.pod("way").exec("curl", "-sS", "-m", "5", "http://127.0.0.1:15000" + page);
        try {
            return JSON.readTree(result.out());
        } catch (IOException e) {
            throw new UncheckedIOException(result.describe(), e);
        }
    }

    @Test
    void aPortWhereNobodyListensIsAnsweredAndDoesNotHang() {
        assertThat(get("client", "db-0", 8099, "/").out()).endsWith("503");
    }

    @Test
    void withoutTheGatewayConnectionsAreRefusedAndOneForServicesIsGoneRound() {
        String gateway = LabExtension.resource("pod-waypoint.yaml").split("---", -1)[0];
        lab.lab().delete("Gateway", "mesh", "way");
        try {
            Poll.untilTrue(
                    EFFECT,
                    "traffic goes round a waypoint that is gone",
                    () -> !get("client", "db-0", 8080, "/").ok());
            lab.lab().apply(gateway.replace("waypoint-for: workload", "waypoint-for: service"));
            Poll.untilTrue(
                    EFFECT,
                    "a waypoint for services stands in the way",
                    () -> get("client", "db-0", 8080, "/round").out().endsWith("200"));
        } finally {
            lab.lab().apply(gateway);
        }
        lab.lab().awaitReady(lab.pod("way"), true, LONG);
        Poll.untilTrue(EFFECT, "the waypoint is back and does not serve", () -> {
            assertThat(get("client", "db-0", 8080, "/back").out()).isNotNull();
            return requestLog().stream()
                    .anyMatch(line -> line.path("path").asText().equals("/back"));
        });
    }
}

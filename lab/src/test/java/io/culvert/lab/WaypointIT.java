package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.demo.DemoCluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Programs as they come from Debian, through a waypoint: none is told of it. */
@Tag("netns")
class WaypointIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration EFFECT = Duration.ofSeconds(20);

    @RegisterExtension
    static final LabExtension lab = new LabExtension(
            LabExtension.resource("mesh.yaml") + "---\n" + LabExtension.resource("waypoint.yaml"),
            LabOptions.mesh(Launchers.ofClassPath()));

    private final Set<String> applied = new LinkedHashSet<>();

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        for (String pod : List.of("client", "other", "far", "shop-v1", "shop-v2", "chat")) {
            cluster.awaitMeshed(lab.pod(pod), true);
        }
        lab.lab().awaitReady(lab.pod("way"), true, LONG);
        Poll.untilTrue(
                EFFECT,
                "no request goes through the waypoint",
                () -> get("client", "/").ok());
    }

    @AfterEach
    void removeRoutes() {
        applied.forEach(kind -> lab.lab().delete(kind, "mesh", "test"));
    }

    private static ExecResult get(String pod, String path, String... more) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "-m", "5", "-w", "%{http_code}"));
        command.addAll(List.of(more));
        command.add("http://shop.mesh" + path);
        return lab.pod(pod).exec(command.toArray(String[]::new));
    }

    /** Applies a resource called test in the namespace mesh; {@link #removeRoutes} removes it. */
    private void apply(String kind, String version, String spec) {
        lab.lab()
                .apply("{apiVersion: " + version + ", kind: " + kind
                        + ", metadata: {name: test, namespace: mesh}, spec: " + spec + "}\n");
        applied.add(kind);
    }

    private void routeTo(String service) {
        apply(
                "HTTPRoute",
                "gateway.networking.k8s.io/v1",
                "{parentRefs: [{group: '', kind: Service, name: shop}]," + " rules: [{backendRefs: [{name: " + service
                        + ", port: 80}]}]}");
    }

    private static List<JsonNode> requestLog() {
        return RequestLog.of(lab.lab(), "mesh.way");
    }

    @Test
    void aRequestIsRoutedAndLoggedUnderTheIdentityOfItsClient() {
        apply(
                "HTTPRoute",
                "gateway.networking.k8s.io/v1",
                "{parentRefs: [{group: '', kind: Service, name: shop}], rules: ["
                        + "{matches: [{headers: [{name: x-user, value: tester}]}], backendRefs: [{name: shop-v2, port: 80}]},"
                        + "{backendRefs: [{name: shop-v1, port: 80}]}]}");
        JsonNode line = Poll.until(EFFECT, "no request was logged under the route", () -> {
            assertThat(get("client", "/a?b=c", "-H", "x-user: tester").out()).endsWith("200");
            return requestLog().stream()
                    .filter(l -> l.path("route_name").asText().equals("HTTPRoute/mesh/test/0"))
                    .findFirst()
                    .orElse(null);
        });
        assertThat(line.path("path").asText()).isEqualTo("/a?b=c");
        assertThat(line.path("response_code").asInt()).as(line.toString()).isEqualTo(200);
        assertThat(line.toString()).contains("spiffe://cluster.local/ns/mesh/sa/client");
        assertThat(get("client", "/a?b=c", "-H", "x-user: tester").out())
                .startsWith("v2 GET /a?b=c host=shop.mesh user=tester");
        for (int i = 0; i < 10; i++) {
            assertThat(get("client", "/a").out()).startsWith("v1 ").endsWith("200");
        }
    }

    @Test
    void requestsGoOnWhileRoutesChange() throws Exception {
        routeTo("shop-v1");
        Poll.untilTrue(EFFECT, "not routed", () -> get("client", "/").out().startsWith("v1"));
        Process load = new ProcessBuilder(lab.pod("client")
                        .command(List.of("h2load", "-D", "12", "-c", "4", "-m", "10", "http://shop.mesh/")))
                .redirectErrorStream(true)
                .start();
        List<String> seen = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String wanted = i % 2 == 0 ? "v2" : "v1";
            routeTo("shop-" + wanted);
            Poll.untilTrue(EFFECT, "not routed", () -> get("client", "/").out().startsWith(wanted));
            seen.add(wanted);
        }
        String said = new String(load.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(load.waitFor()).as(said).isZero();
        assertThat(seen).hasSize(6);
        assertThat(said).contains(" 0 failed, 0 errored, 0 timeout").contains(" 0 3xx, 0 4xx, 0 5xx");
    }

    @Test
    void aWebSocketStaysOpenAcrossAChange() throws Exception {
        Process client = new ProcessBuilder(lab.pod("client").command(List.of("python3", "-uc", """
                                import asyncio, sys, websockets
                                async def main():
                                    async with websockets.connect("ws://chat.mesh/room") as socket:
                                        for line in sys.stdin:
                                            await socket.send(line.strip())
                                            print(await socket.recv(), flush=True)
                                asyncio.run(main())
                                """)))
                .redirectErrorStream(true)
                .start();
        try (OutputStream in = client.getOutputStream();
                BufferedReader out = client.inputReader(StandardCharsets.UTF_8)) {
            assertThat(echoed(in, out, "before")).isEqualTo("/room before");
            apply(
                    "HTTPRoute",
                    "gateway.networking.k8s.io/v1",
                    "{parentRefs: [{group: '', kind: Service, name: chat}],"
                            + " rules: [{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 302, hostname: away}}]}]}");
            Poll.untilTrue(
                    EFFECT,
                    "the route is not in force",
                    () -> lab.pod("client")
                            .exec(
                                    "curl",
                                    "-sS",
                                    "-m",
                                    "5",
                                    "-o",
                                    "/dev/null",
                                    "-w",
                                    "%{http_code}",
                                    "http://chat.mesh/")
                            .out()
                            .equals("302"));
            assertThat(echoed(in, out, "after")).isEqualTo("/room after");
        }
        assertThat(client.waitFor()).isZero();
    }

    private static String echoed(OutputStream in, BufferedReader out, String text) throws IOException {
        in.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        return out.readLine();
    }

    @Test
    void grpcCallsKeepTheirTrailers() throws Exception {
        try (GrpcHealthServer _ = new GrpcHealthServer(lab.pod("far"), 50051);
                GrpcHealthClient client =
                        new GrpcHealthClient(lab.pod("client"), "health.mesh", clusterIp("health"), 50051)) {
            Poll.untilTrue(
                    EFFECT, "the call is not answered", () -> client.status().equals("OK"));
            apply(
                    "GRPCRoute",
                    "gateway.networking.k8s.io/v1",
                    "{parentRefs: [{group: '', kind: Service, name: health}], rules: [{matches: [{method: {service: other.Service}}],"
                            + " backendRefs: [{name: health, port: 50051}]}]}");
            Poll.untilTrue(
                    EFFECT,
                    "no route takes it, and it is served",
                    () -> client.status().equals("UNIMPLEMENTED"));
            removeRoutes();
            applied.clear();
            Poll.untilTrue(
                    EFFECT,
                    "the call is not answered again",
                    () -> client.status().equals("OK"));
        }
    }

    private static String clusterIp(String service) {
        return lab.lab().clusterIps("mesh", service).getFirst();
    }

    @ParameterizedTest(name = "from {0}")
    @ValueSource(strings = {"client", "outside"})
    void nobodyGoesRoundTheWaypoint(String pod) {
        for (String server : List.of("shop-v1", "shop-v2")) {
            ExecResult direct = lab.pod(pod)
                    .exec("curl", "-sS", "-m", "5", "http://" + lab.pod(server).ip4() + ":8080/");
            assertThat(direct.ok())
                    .as(pod + " to " + server + ": " + direct.describe())
                    .isFalse();
        }
    }

    @Test
    void aPolicyOnTheServiceLooksAtTheRequest() {
        assertThat(get("client", "/", "-X", "DELETE").out()).endsWith("200");
        apply(
                "AuthorizationPolicy",
                "security.istio.io/v1",
                "{targetRefs: [{group: '', kind: Service, name: shop}], action: DENY,"
                        + " rules: [{to: [{operation: {methods: [DELETE]}}]}]}");
        Poll.untilTrue(
                EFFECT,
                "not denied",
                () -> get("client", "/", "-X", "DELETE").out().endsWith("403"));
        assertThat(get("client", "/").out()).endsWith("200");
    }

    /** The service as the cluster has it, with more labels. */
    private static void shop(String labels) {
        lab.lab().apply("""
                        apiVersion: v1
                        kind: Service
                        metadata: {name: shop, namespace: mesh, labels: {culvert.io/use-waypoint: way%s}}
                        spec:
                          selector: {app: shop}
                          ports: [{name: http, port: 80, targetPort: 8080}]
                        """.formatted(labels));
    }

    @Test
    void aServiceWithoutItsWaypointRefusesUnlessItsLabelSaysOtherwise() {
        lab.lab().delete("Gateway", "mesh", "way");
        try {
            Poll.untilTrue(
                    EFFECT,
                    "traffic goes round a waypoint that is gone",
                    () -> !get("client", "/").ok());
            shop(", culvert.io/waypoint-failure: bypass");
            Poll.untilTrue(
                    EFFECT,
                    "the label does not open the way",
                    () -> get("client", "/").out().endsWith("200"));
        } finally {
            shop("");
            lab.lab().apply(LabExtension.resource("waypoint.yaml").split("---", -1)[0]);
        }
        lab.lab().awaitReady(lab.pod("way"), true, LONG);
        Poll.untilTrue(
                EFFECT,
                "the waypoint is back and does not serve",
                () -> get("client", "/").out().endsWith("200"));
    }
}

package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.culvert.core.lifecycle.Readiness;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.ResourceDecoder;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.telemetry.Logging;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Way;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Address;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.StringMatch;
import io.culvert.ztunnel.ConnectionView;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class AdminPagesTest {
    private static final SpiffeId ID = SpiffeId.forServiceAccount(new TrustDomain("cluster.local"), "shop", "client");
    private static final String UID = "Kubernetes//Pod/shop/client";

    private final HttpClient http = HttpClient.newHttpClient();
    private final CountDownLatch quit = new CountDownLatch(1);
    private final Readiness readiness = new Readiness();
    private final MetricsRegistry registry = new MetricsRegistry();
    private final HttpEndpoint admin = new HttpEndpoint(
            "admin",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new AdminPages(new FixedView(), quit::countDown).routes());
    private final HttpEndpoint metrics = new HttpEndpoint(
            "metrics", new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), MetricsPages.metrics(registry));
    private final HttpEndpoint ready = new HttpEndpoint(
            "readiness", new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), MetricsPages.ready(readiness));

    @BeforeEach
    void start() throws IOException {
        admin.start();
        metrics.start();
        ready.start();
    }

    @AfterEach
    void stop() {
        admin.close();
        metrics.close();
        ready.close();
        http.close();
    }

    @Test
    void theDumpHasZtunnelsShape() throws Exception {
        JsonNode dump = json("/config_dump");
        assertThat(dump.fieldNames())
                .toIterable()
                .contains(
                        "workloads",
                        "services",
                        "policies",
                        "stagedServices",
                        "staticConfig",
                        "version",
                        "config",
                        "certificates",
                        "workloadState");
        JsonNode workload = dump.path("workloads").path(0);
        assertThat(workload.path("uid").asText()).isEqualTo(UID);
        assertThat(workload.path("workloadIps").path(0).asText()).isEqualTo("10.0.0.5");
        assertThat(workload.path("protocol").asText()).isEqualTo("HBONE");
        assertThat(workload.path("serviceAccount").asText()).isEqualTo("client");
        assertThat(workload.path("status").asText()).isEqualTo("Healthy");
        JsonNode service = dump.path("services").path(0);
        assertThat(service.path("hostname").asText()).isEqualTo("web.shop.svc.cluster.local");
        assertThat(service.path("ports").path("80").asInt()).isEqualTo(8080);
        JsonNode policy = dump.path("policies").path(0);
        assertThat(policy.path("action").asText()).isEqualTo("Deny");
        assertThat(policy.path("scope").asText()).isEqualTo("WorkloadSelector");
        assertThat(policy.path("rules").toString())
                .isEqualTo("[[[{\"principals\":[{\"Exact\":\"cluster.local/ns/shop/sa/web\"}],"
                        + "\"notSourceIps\":[\"10.0.0.0/8\"],\"destinationPorts\":[8080]}]]]");
        JsonNode certificate = dump.path("certificates").path(0);
        assertThat(certificate.path("identity").asText()).isEqualTo(ID.toString());
        assertThat(certificate.path("state").asText()).isEqualTo("Initializing");
        assertThat(certificate.path("certChain").isArray()).isTrue();
        assertThat(certificate.path("rootCerts").isArray()).isTrue();
        JsonNode pod = dump.path("workloadState").path(UID);
        assertThat(pod.path("state").asText()).isEqualTo("Up");
        JsonNode connection = pod.path("connections").path("outbound").path(0);
        assertThat(connection.path("src").asText()).isEqualTo("10.0.0.5:40000");
        assertThat(connection.path("originalDst").asText()).isEqualTo("[fd00:0:0:0:0:0:0:1]:80");
        assertThat(connection.path("protocol").asText()).isEqualTo("HBONE");
        assertThat(dump.path("config").path("node-token").asText()).isEqualTo("/etc/token (redacted)");
    }

    @Test
    void podsConnectionsAndCertificatesHavePagesOfTheirOwn() throws Exception {
        assertThat(json("/pods").path(0).path("state").asText()).isEqualTo("enabled");
        assertThat(json("/connections").path(0).path("way").asText()).isEqualTo("tunnel");
        assertThat(json("/certificates").path(0).path("identity").asText()).isEqualTo(ID.toString());
        assertThat(json("/control_plane").path("source").asText()).isEqualTo("control_plane");
        assertThat(get(admin, "/").body()).contains("/config_dump", "node-1");
        assertThat(get(admin, "/nothing").statusCode()).isEqualTo(404);
    }

    @Test
    void statusPrintsThemAsATable() {
        StringWriter out = new StringWriter();
        int status = Cli.run(
                new String[] {"status", "--agents", "http://127.0.0.1:" + admin.port()},
                new PrintWriter(out, true),
                new PrintWriter(out, true));
        assertThat(status).isZero();
        assertThat(out.toString().lines().toList())
                .anyMatch(
                        l -> l.matches(
                                "http\\S+ +shop/client +enabled +spiffe://cluster.local/ns/shop/sa/client +Initializing +- +1 +2"))
                .anyMatch(l -> l.contains("outbound") && l.contains("tunnel") && l.contains("10.0.0.5:40000"));
    }

    @Test
    void logLevelsChangeByPostOnly() throws Exception {
        String before = get(admin, "/logging").body();
        try {
            assertThat(post("/logging?level=info,io.culvert.test=trace").body()).contains("io.culvert.test=trace");
            assertThat(Logging.levels()).contains("io.culvert.test=trace");
            HttpResponse<String> wrong = post("/logging?level=loud");
            assertThat(wrong.statusCode()).isEqualTo(400);
            assertThat(wrong.body()).contains("\"loud\" is not a log level");
        } finally {
            Logging.setLevels(before.strip() + ",io.culvert.test=info");
        }
    }

    @Test
    void quitIsByPostAndNotFromABrowser() throws Exception {
        assertThat(get(admin, "/quitquitquit").statusCode()).isEqualTo(405);
        HttpRequest browser = HttpRequest.newBuilder(uri(admin, "/quitquitquit"))
                .header("Origin", "http://evil.example")
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        assertThat(http.send(browser, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(403);
        assertThat(quit.getCount()).isEqualTo(1);
        assertThat(post("/quitquitquit").statusCode()).isEqualTo(200);
        assertThat(quit.await(1, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void metricsComeInTheFormatAskedForAndGzipped() throws Exception {
        registry.counter("culvert_things", "Things").inc();
        assertThat(get(metrics, "/metrics").body()).contains("culvert_things_total 1.0");
        HttpRequest request = HttpRequest.newBuilder(uri(metrics, "/stats/prometheus"))
                .header("Accept", "application/openmetrics-text; version=1.0.0")
                .header("Accept-Encoding", "gzip")
                .build();
        HttpResponse<byte[]> packed = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        assertThat(packed.headers().firstValue("Content-Encoding")).contains("gzip");
        assertThat(packed.headers().firstValue("Content-Type").orElseThrow())
                .startsWith("application/openmetrics-text");
        try (GZIPInputStream in = new GZIPInputStream(new java.io.ByteArrayInputStream(packed.body()))) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).endsWith("# EOF\n");
        }
    }

    @Test
    void readinessSaysWhatIsPending() throws Exception {
        Readiness.Gate state = readiness.gate("state");
        Readiness.Gate pods = readiness.gate("pods");
        assertThat(get(ready, "/healthz/ready").statusCode()).isEqualTo(500);
        assertThat(get(ready, "/healthz/ready").body()).isEqualTo("not ready, pending: state, pods\n");
        state.pass();
        pods.pass();
        assertThat(get(ready, "/healthz/ready").statusCode()).isEqualTo(200);
    }

    @Test
    void aTakenPortIsNamedWithARemedy() {
        HttpEndpoint second = new HttpEndpoint(
                "admin", new InetSocketAddress(InetAddress.getLoopbackAddress(), admin.port()), Map.of());
        assertThat(org.assertj.core.api.Assertions.catchThrowable(second::start))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot listen on")
                .hasMessageContaining(Integer.toString(admin.port()))
                .hasMessageContaining("choose another port");
    }

    @Test
    void aRunningAgentIsFoundUntilItEnds(@TempDir Path dir) {
        RunningAgents entry = new RunningAgents(dir, "node-1", () -> 15000);
        entry.start();
        assertThat(RunningAgents.list(dir))
                .containsExactly(new RunningAgents.Entry(
                        "node-1", ProcessHandle.current().pid(), 15000));
        entry.close();
        assertThat(RunningAgents.list(dir)).isEmpty();
    }

    private JsonNode json(String path) throws IOException, InterruptedException {
        HttpResponse<String> answer = get(admin, path);
        assertThat(answer.statusCode()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }

    private HttpResponse<String> get(HttpEndpoint at, String path) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(uri(at, path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(uri(admin, path))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static URI uri(HttpEndpoint at, String path) {
        return URI.create("http://127.0.0.1:" + at.port() + path);
    }

    /** An agent with one pod, one service, one connection. */
    private static final class FixedView implements AgentView {
        private final MeshStore store = new MeshStore();

        FixedView() {
            Workload workload = Workload.builder(UID, ID)
                    .name("client")
                    .namespace("shop")
                    .serviceAccount("client")
                    .node("node-1")
                    .address(Ip.parse("10.0.0.5"))
                    .hbone(true)
                    .build();
            Service service = Service.of(
                    "shop",
                    "web.shop.svc.cluster.local",
                    List.of(Vip.of("", Ip.parse("10.96.0.1"))),
                    PortMap.of(80, 8080));
            Match match = Match.newBuilder()
                    .addPrincipals(StringMatch.newBuilder().setExact("cluster.local/ns/shop/sa/web"))
                    .addNotSourceIps(Address.newBuilder()
                            .setAddress(ByteString.copyFrom(new byte[] {10, 0, 0, 0}))
                            .setLength(8))
                    .addDestinationPorts(8080)
                    .build();
            Authorization policy = Authorization.newBuilder()
                    .setName("no-web")
                    .setNamespace("shop")
                    .setScope(Scope.WORKLOAD_SELECTOR)
                    .setAction(Action.DENY)
                    .addRules(Rule.newBuilder().addClauses(Clause.newBuilder().addMatches(match)))
                    .build();
            store.apply(MeshUpdate.builder()
                    .put(workload)
                    .put(service)
                    .put(ResourceDecoder.policy("shop/no-web", policy))
                    .build());
        }

        @Override
        public AgentConfig config() {
            try {
                return AgentConfig.read(
                        List.of(
                                "--node=node-1",
                                "--xds=unix:/x",
                                "--node-token=/etc/token",
                                "--state-dir=/s",
                                "--cni-socket=/c"),
                        Map.of());
            } catch (UsageException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public MeshState state() {
            return store.current();
        }

        @Override
        public XdsStatus controlPlane() {
            return new XdsStatus(
                    true, XdsStatus.Source.CONTROL_PLANE, Instant.EPOCH, null, null, 1, Map.of(), Map.of());
        }

        @Override
        public List<CredentialStatus> certificates() {
            return List.of(new CredentialStatus(ID, CredentialStatus.State.INITIALIZING, List.of(), null, null, null));
        }

        @Override
        public List<PodView> pods() {
            return List.of(new PodView(
                    UID, "shop", "client", "client", ID.toString(), "enabled", "", "/run/netns/x", 2, 1, 0));
        }

        @Override
        public List<ConnectionView> connections() {
            return List.of(new ConnectionView(
                    UID,
                    true,
                    true,
                    Way.TUNNEL,
                    ID.toString(),
                    new InetSocketAddress("10.0.0.5", 40000),
                    new InetSocketAddress("fd00::1", 80),
                    new InetSocketAddress("10.0.1.9", 15008),
                    10,
                    20));
        }
    }
}

package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.config.CompilerSettings;
import io.culvert.config.Diagnostic;
import io.culvert.config.RouteCompiler;
import io.culvert.config.SourceChanges;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.WaypointConnection;
import io.culvert.waypoint.cluster.ClusterStats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WaypointPagesTest {
    private static final String ROUTES = """
            {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {culvert.io/use-waypoint: wp}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{name: http, port: 80}]}}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: r, namespace: shop}
            spec:
              parentRefs: [{group: '', kind: Service, name: web}]
              rules:
              - matches: [{path: {value: /api}, headers: [{name: authorization, value: Bearer hush}]}]
                filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-key, value: hush}]}}]
                backendRefs: [{name: web, port: 80, weight: 3}, {name: missing, port: 80}]
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: p, namespace: shop}
            spec:
              targetRefs: [{group: '', kind: Service, name: web}]
              action: DENY
              rules:
              - to: [{operation: {methods: [DELETE]}}]
                when: [{key: 'request.headers[x-token]', values: [hush]}]
            """;

    private static final SpiffeId ID = SpiffeId.parse("spiffe://cluster.local/ns/front/sa/shopper");
    private static final String UID = "Kubernetes//Pod/shop/web-1";

    private final HttpClient http = HttpClient.newHttpClient();
    private final HttpEndpoint admin = new HttpEndpoint(
            "admin",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new WaypointPages(new FixedView(), () -> {}).routes());

    @BeforeEach
    void start() throws IOException {
        admin.start();
    }

    @AfterEach
    void stop() {
        admin.close();
        http.close();
    }

    private String get(String path) throws Exception {
        HttpResponse<String> response = http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin.port() + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private JsonNode json(String path) throws Exception {
        return new ObjectMapper().readTree(get(path));
    }

    @Test
    void theDumpHasTheMeshAndWhatTheWaypointDoesWithIt() throws Exception {
        JsonNode dump = json("/config_dump");
        assertThat(dump.path("workloads").path(0).path("uid").asText()).isEqualTo(UID);
        assertThat(dump.path("services").path(0).path("hostname").asText()).isEqualTo("web.shop.svc.cluster.local");
        JsonNode routes = dump.path("routes").path(0);
        assertThat(routes.path("key").asText()).isEqualTo("shop/web.shop.svc.cluster.local");
        JsonNode rule = routes.path("ports").path("others").path("http").path(0);
        assertThat(rule.path("rule").asText()).isEqualTo("HTTPRoute/shop/r/0");
        assertThat(rule.path("match").toString()).isEqualTo("{\"path\":\"/api/*\",\"headers\":[\"authorization\"]}");
        assertThat(rule.path("backends").path(0).toString())
                .isEqualTo("{\"cluster\":\"shop/web.shop.svc.cluster.local|80|\",\"weight\":3}");
        assertThat(rule.path("backends").path(1).path("status").asInt()).isEqualTo(500);
        JsonNode policy = routes.path("policies").path(0);
        assertThat(policy.path("key").asText()).isEqualTo("shop/p");
        assertThat(policy.path("action").asText()).isEqualTo("Deny");
        assertThat(policy.path("rules").toString()).contains("\"= DELETE\"", "\"name\":\"x-token\"");
        JsonNode cluster = dump.path("clusters").path(0);
        assertThat(cluster.path("key").asText()).isEqualTo("shop/web.shop.svc.cluster.local|80|");
        assertThat(cluster.path("protocol").asText()).isEqualTo("http");
        assertThat(dump.path("config").path("node-token").asText()).isEqualTo("token (redacted)");
        assertThat(dump.path("config").path("max-connections").asText()).isEqualTo("16384");
        assertThat(dump.path("certificates").isArray()).isTrue();
    }

    @Test
    void valuesThatMayBeSecretsAreNotInIt() throws Exception {
        assertThat(get("/config_dump")).doesNotContain("hush");
    }

    @Test
    void openConnectionsAreListed() throws Exception {
        JsonNode all = json("/connections");
        assertThat(all).hasSize(2);
        assertThat(all.path(0).toString())
                .isEqualTo("{\"src\":\"10.1.0.5:40000\",\"identity\":\"spiffe://cluster.local/ns/front/sa/shopper\","
                        + "\"originalDst\":\"10.96.0.7:80\",\"service\":\"shop/web.shop.svc.cluster.local\",\"port\":80,"
                        + "\"protocol\":\"http2\",\"since\":\"2026-01-01T00:00:00Z\"}");
        assertThat(all.path(1).path("workload").asText()).isEqualTo(UID);
        assertThat(all.path(1).path("protocol").asText()).isEqualTo("unknown");
        assertThat(get("/")).contains("/config_dump", "/connections");
    }

    private static final class FixedView implements WaypointView {
        private final MeshStore store = new MeshStore();
        private final Service service = Service.of(
                "shop", "web.shop.svc.cluster.local", List.of(Vip.of("", Ip.parse("10.96.0.7"))), PortMap.of(80, 8080));
        private final Workload workload = Workload.builder(UID, SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web"))
                .address(Ip.parse("10.0.0.5"))
                .build();

        FixedView() {
            store.apply(MeshUpdate.builder().put(service).put(workload).build());
        }

        @Override
        public WaypointConfig config() {
            try {
                return WaypointConfig.read(
                        List.of(
                                "--name=wp",
                                "--namespace=shop",
                                "--node=n1",
                                "--xds=unix:/run/c.sock",
                                "--node-token=token",
                                "--state-dir=state"),
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
        public RouteTable routes() {
            return new RouteCompiler(CompilerSettings.DEFAULTS)
                    .apply(SourceChanges.files(Map.of("routes.yaml", ROUTES)))
                    .table();
        }

        @Override
        public List<Diagnostic> diagnostics() {
            return List.of();
        }

        @Override
        public XdsStatus controlPlane() {
            return new XdsStatus(
                    true, XdsStatus.Source.CONTROL_PLANE, Instant.EPOCH, null, null, 0, Map.of(), Map.of());
        }

        @Override
        public List<CredentialStatus> certificates() {
            return List.of();
        }

        @Override
        public List<WaypointConnection> connections() {
            InetSocketAddress from = new InetSocketAddress("10.1.0.5", 40_000);
            Instant since = Instant.parse("2026-01-01T00:00:00Z");
            Addressed pod = new Addressed.ToWorkload(
                    workload,
                    Cluster.ofWorkload(UID, Ip.parse("10.0.0.5"), 8080, Protocol.DETECT),
                    RouteTable.waypointKey("shop", "wp"));
            return List.of(
                    new WaypointConnection(
                            new Client(
                                    ID,
                                    from,
                                    new Addressed.ToService(service),
                                    80,
                                    new InetSocketAddress("10.96.0.7", 80)),
                            "http2",
                            since),
                    new WaypointConnection(
                            new Client(ID, from, pod, 8080, new InetSocketAddress("10.0.0.5", 8080)),
                            "unknown",
                            since));
        }

        @Override
        public List<ClusterStats> clusters() {
            return List.of();
        }
    }
}

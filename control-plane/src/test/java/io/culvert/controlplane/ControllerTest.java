package io.culvert.controlplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.config.CompilerSettings;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.Workload;
import io.culvert.core.xds.BearerToken;
import io.culvert.core.xds.ControlChannels;
import io.culvert.core.xds.ControlEndpoint;
import io.culvert.core.xds.DeltaXdsClient;
import io.culvert.core.xds.XdsNode;
import io.culvert.proto.node.NodeServiceGrpc;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.ReportPodsRequest;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ControllerTest {
    private static final String MESH = """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: shop
              labels:
                culvert.io/mesh: enabled
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: web
              namespace: shop
            """;
    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-1
              namespace: shop
              uid: 11111111-1111-1111-1111-111111111111
            spec:
              nodeName: n1
              serviceAccountName: web
              containers:
                - name: app
                  ports:
                    - containerPort: 80
            status:
              podIP: 10.0.0.1
              conditions:
                - type: Ready
                  status: "True"
            """;
    private static final String UID = "Kubernetes//Pod/shop/web-1";

    @TempDir
    private Path directory;

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final ControlChannels channels = new ControlChannels();

    @BeforeEach
    void begin() throws IOException {
        for (String name : List.of("config", "state", "tokens")) {
            Files.createDirectories(directory.resolve(name));
        }
        Files.writeString(directory.resolve("tokens/n1"), "token-1\n");
        Files.writeString(directory.resolve("tokens/n2"), "token-2");
        file("mesh.yaml", MESH);
        file("pod.yaml", POD);
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
        channels.close();
    }

    /** As a careful writer does it. */
    private void file(String name, String text) throws IOException {
        Path beside = Files.writeString(directory.resolve("config/." + name), text);
        Files.move(
                beside,
                directory.resolve("config").resolve(name),
                java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private Path socket() {
        return directory.resolve("run/control.sock");
    }

    private Controller controller() throws Exception {
        Controller controller = new Controller(
                new ControllerSettings(
                        directory.resolve("config"),
                        directory.resolve("state"),
                        socket(),
                        new ControllerSettings.Listener("0.0.0.0", 0, List.of("localhost", "127.0.0.1")),
                        directory.resolve("tokens"),
                        CompilerSettings.DEFAULTS,
                        Duration.ofHours(1)),
                InstantSource.system());
        controller.start();
        open.push(controller::close);
        return controller;
    }

    private ManagedChannel unix() {
        return channels.open(new ControlEndpoint.Unix(socket()));
    }

    private ManagedChannel tls(Controller controller) {
        return channels.open(
                new ControlEndpoint.Tls("localhost", controller.port(), directory.resolve("state/root-cert.pem")));
    }

    private MeshStore agent(ManagedChannel channel, String token) throws Exception {
        MeshStore store = new MeshStore();
        DeltaXdsClient client = new DeltaXdsClient(
                channel, () -> token, XdsNode.standalone("n1", "Kubernetes", ""), store, null, InstantSource.system());
        client.start();
        open.push(client);
        client.ready().get(20, TimeUnit.SECONDS);
        return store;
    }

    private static void await(MeshStore store, Predicate<MeshState> condition) throws InterruptedException {
        CountDownLatch holds = new CountDownLatch(1);
        store.addListener((before, after, delta) -> {
            if (condition.test(after)) {
                holds.countDown();
            }
        });
        if (!condition.test(store.current())) {
            assertThat(holds.await(20, TimeUnit.SECONDS))
                    .as("the state becomes what is expected")
                    .isTrue();
        }
    }

    private static boolean hbone(MeshState state) {
        Workload workload = state.workload(UID);
        return workload != null && workload.hbone();
    }

    private static void report(Channel channel, String token, String node, PodReport.State state) {
        var _ = NodeServiceGrpc.newBlockingStub(BearerToken.on(channel, () -> token))
                .reportPods(ReportPodsRequest.newBuilder()
                        .setNode(node)
                        .addPods(PodReport.newBuilder().setUid(UID).setState(state))
                        .build());
    }

    private JsonNode status(Controller controller) throws IOException {
        return new ObjectMapper().readTree(controller.statusJson());
    }

    @Test
    void filesBecomeStateOnBothListeners() throws Exception {
        Controller controller = controller();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
                .isEqualTo("rw-rw----");
        MeshStore near = agent(unix(), "token-1");
        MeshStore far = agent(tls(controller), "token-1");
        assertThat(near.current().workloadAt("", Ip.parse("10.0.0.1")))
                .isNotNull()
                .isEqualTo(far.current().workload(UID));
        file("pod.yaml", POD.replace("10.0.0.1", "10.0.0.7"));
        await(near, s -> s.workloadAt("", Ip.parse("10.0.0.7")) != null);
        await(far, s -> s.workloadAt("", Ip.parse("10.0.0.7")) != null);
        Files.delete(directory.resolve("config/pod.yaml"));
        await(far, s -> s.workload(UID) == null);
        assertThat(status(controller).path("clients").findValuesAsText("node")).containsOnly("n1");
    }

    @Test
    void aPodIsTunnelledToOnlyWhileItsOwnNodeReportsItEnabled() throws Exception {
        Controller controller = controller();
        MeshStore store = agent(unix(), "token-1");
        ManagedChannel channel = tls(controller);
        assertThat(store.current().workload(UID)).isNotNull();
        assertThat(hbone(store.current())).isFalse();
        // Another node's word does not count, and no node speaks for another.
        report(channel, "token-2", "n2", PodReport.State.ENABLED);
        assertThatExceptionOfType(StatusRuntimeException.class)
                .isThrownBy(() -> report(channel, "token-2", "n1", PodReport.State.ENABLED))
                .matches(e -> e.getStatus().getCode() == Status.Code.PERMISSION_DENIED)
                .withMessageContaining("n2");
        assertThatExceptionOfType(StatusRuntimeException.class)
                .isThrownBy(() -> report(channel, "wrong", "n1", PodReport.State.ENABLED))
                .matches(e -> e.getStatus().getCode() == Status.Code.UNAUTHENTICATED);
        report(channel, "token-1", "n1", PodReport.State.ENABLED);
        await(store, ControllerTest::hbone);
        report(channel, "token-1", "n1", PodReport.State.PENDING);
        await(store, s -> !hbone(s));
    }

    @Test
    void aRestartIsNoChangeForAgents() throws Exception {
        Controller first = controller();
        MeshStore store = agent(unix(), "token-1");
        report(unix(), "token-1", "n1", PodReport.State.ENABLED);
        await(store, ControllerTest::hbone);
        first.close();
        assertThat(socket()).doesNotExist();
        MeshState before = store.current();
        controller();
        MeshStore late = agent(unix(), "token-1");
        assertThat(hbone(late.current())).isTrue();
        assertThat(store.current()).isSameAs(before);
    }

    @Test
    void aBadFileLeavesTheLastGoodStateAndIsNamed() throws Exception {
        Controller controller = controller();
        MeshStore store = agent(unix(), "token-1");
        file("pod.yaml", POD.replace("nodeName: n1", "nodeName: [n1"));
        file("extra.yaml", MESH.replace("shop", "other") + "---\n" + POD.replace("web-1", "web-2"));
        await(store, s -> s.workload("Kubernetes//Pod/shop/web-2") != null);
        assertThat(store.current().workload(UID)).isNotNull();
        assertThat(status(controller).path("diagnostics"))
                .anyMatch(f -> f.path("file").asText().equals("pod.yaml")
                        && f.path("severity").asText().equals("error")
                        && f.path("line").asInt() > 0);
    }

    @Test
    void aRouteThatLeadsNowhereIsNamedAndItsStatusSaysSo() throws Exception {
        file("route.yaml", """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: r, namespace: shop}
            spec:
              parentRefs: [{group: "", kind: Service, name: web}]
              rules:
              - backendRefs: [{name: absent, port: 80}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec: {selector: {app: web}, ports: [{port: 80}]}
            """);
        JsonNode status = status(controller());
        assertThat(status.path("diagnostics"))
                .anyMatch(f -> f.path("file").asText().equals("route.yaml")
                        && f.path("resource").asText().equals("HTTPRoute shop/r")
                        && f.path("line").asInt() == 7);
        JsonNode parent = status.path("routes").path(0).path("parents").path(0);
        assertThat(parent.path("parent").asText()).isEqualTo("Service shop/web");
        assertThat(parent.path("conditions"))
                .anyMatch(c -> c.path("type").asText().equals("ResolvedRefs")
                        && !c.path("status").asBoolean()
                        && c.path("reason").asText().equals("BackendNotFound"));
    }

    @Test
    void overTcpATokenIsRequired() throws Exception {
        Controller controller = controller();
        RawClient client = new RawClient(tls(controller), false);
        client.send(RawClient.request(io.culvert.core.xds.ResourceType.ADDRESS));
        Status end = client.end();
        assertThat(end.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(end.getDescription()).contains("node token");
    }

    @Test
    void theControllerIsVerifiedByNameAndByRootsThatMayBeReplaced() throws Exception {
        Controller controller = controller();
        Path roots = directory.resolve("roots.pem");
        Files.copy(otherRoot(), roots);
        ManagedChannel channel = channels.open(new ControlEndpoint.Tls("localhost", controller.port(), roots));
        assertThat(refusal(channel)).isEqualTo(Status.Code.UNAVAILABLE);
        Files.copy(directory.resolve("state/root-cert.pem"), roots, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        // The same channel, at its next handshake.
        assertThat(agent(channel, "token-1").current().workloads()).isNotEmpty();
        ManagedChannel misnamed = channels.open(new ControlEndpoint.Tls("127.0.0.2", controller.port(), roots));
        assertThat(refusal(misnamed)).isEqualTo(Status.Code.UNAVAILABLE);
    }

    private static Status.Code refusal(ManagedChannel channel) {
        try {
            report(channel, "token-1", "n1", PodReport.State.PENDING);
            return Status.Code.OK;
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode();
        }
    }

    private Path otherRoot() throws Exception {
        Path other = Files.createDirectories(directory.resolve("other"));
        var _ = io.culvert.controlplane.ca.MeshCa.open(
                other,
                new io.culvert.identity.TrustDomain("cluster.local"),
                Duration.ofHours(1),
                InstantSource.system());
        return other.resolve("root-cert.pem");
    }

    @Test
    void aSecondControllerOnTheSameSocketIsRefusedAndAStaleSocketReplaced() throws Exception {
        Files.createDirectories(directory.resolve("run"));
        try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            stale.bind(UnixDomainSocketAddress.of(socket()));
        }
        assertThat(socket()).exists();
        controller();
        assertThatIOException()
                .isThrownBy(this::controller)
                .withMessageContaining("another controller serves " + socket());
        assertThat(agent(unix(), "token-1").current().workloads()).isNotEmpty();
    }

    @Test
    void whatIsNoSocketIsNotReplaced() throws Exception {
        Files.createDirectories(directory.resolve("run"));
        Files.writeString(socket(), "mine");
        assertThatIOException().isThrownBy(this::controller).withMessageContaining("is not a socket");
        assertThat(socket()).hasContent("mine");
    }

    @Test
    void statusIsWrittenToItsFile() throws Exception {
        Controller controller = controller();
        controller.close();
        JsonNode status = new ObjectMapper()
                .readTree(directory.resolve("state/status.json").toFile());
        assertThat(status.path("resources").path("addresses").asInt()).isPositive();
        assertThat(status.path("authority").path("expires").asText()).isNotEmpty();
    }
}

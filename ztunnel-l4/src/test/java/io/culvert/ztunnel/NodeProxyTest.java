package io.culvert.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.core.hbone.MeshTunnelTls;
import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.linux.Transport;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.ResourceDecoder;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.SourcePorts;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Way;
import io.culvert.core.tls.MeshTls;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.StringMatch;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Captured pods in namespaces of their own, one proxy, real sockets and real TLS. Needs root. */
@Tag("netns")
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class NodeProxyTest {
    private static final String A = "Kubernetes//Pod/default/a";
    private static final String B = "Kubernetes//Pod/default/b";
    private static final String VIP = "10.96.0.10";

    private final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
    private final MeshTls meshTls = new MeshTls(InstantSource.system());
    private Namespaces net;
    MultiThreadIoEventLoopGroup group;
    private MeshStore store;
    private AccessLog log;
    private NodeProxy proxy;
    private EchoApp app;

    Transport transport() {
        return Transport.EPOLL;
    }

    @BeforeEach
    void bringUp() throws Exception {
        // 1: a, 2: b, 3: x, which is a legacy host and the pods' node in one
        net = new Namespaces("a", "b", "x");
        group = new MultiThreadIoEventLoopGroup(2, transport().factory());
        store = new MeshStore();
        store.apply(MeshUpdate.builder()
                .put(pod(A, "a", 1))
                .put(pod(B, "b", 2))
                .put(Service.of(
                        "default",
                        "b.default.svc.cluster.local",
                        List.of(Vip.of("", Ip.parse(VIP))),
                        PortMap.of(80, 8080)))
                .build());
        app = new EchoApp(net.listen("b", 8080));
    }

    private static Workload pod(String uid, String account, int n) {
        return Workload.builder(uid, TestCredentials.id(account))
                .address(Ip.parse("10.77.0." + n))
                .address(Ip.parse("fd77::" + n))
                .node("node")
                .hbone(true)
                .workload(io.culvert.proto.workload.WorkloadType.DEPLOYMENT, account)
                .canonical(account, "v1")
                .service("default/b.default.svc.cluster.local", n == 2 ? PortMap.of(80, 8080) : PortMap.EMPTY)
                .pod(new PodInfo(
                        true,
                        "",
                        PodInfo.ExistingConnections.KEEP,
                        0,
                        List.of(new PodInfo.Probe(PodInfo.Probe.Kind.HTTP, 8080, "/healthz")),
                        List.of(),
                        List.of(),
                        List.of(),
                        false,
                        List.of(Ip.parse("10.77.0.3")),
                        "uid-" + account))
                .build();
    }

    private void serve(boolean forceTunnel) throws Exception {
        MetricsRegistry registry = new MetricsRegistry();
        log = new AccessLog(registry, accessLog);
        log.start();
        TestCredentials credentials = new TestCredentials();
        proxy = new NodeProxy(
                ProxySettings.of("node", "").withForceTunnel(forceTunnel),
                group,
                store,
                credentials,
                new MeshTunnelTls(meshTls, credentials),
                TunnelEvents.NONE,
                new MeshTelemetry(registry, log),
                InstantSource.system());
        proxy.start();
        proxy.start(A, TestCredentials.id("a"), net.get("a"))
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        proxy.start(B, TestCredentials.id("b"), net.get("b"))
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        net.capture("a");
        net.capture("b");
    }

    @AfterEach
    void tearDown() throws Exception {
        if (proxy != null) {
            proxy.close();
            log.close();
            assertThat(proxy.budget().used()).as("budget after the end").isZero();
        }
        app.close();
        // Bounded, as an agent bounds it: a loop of io_uring has been seen to wait for a completion that never came.
        var _ = group.shutdownGracefully(0, 2, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
        meshTls.close();
        net.close();
    }

    private static void echoes(SocketChannel channel, String text) throws IOException {
        Socket socket = channel.socket();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        socket.getOutputStream().write(bytes);
        assertThat(socket.getInputStream().readNBytes(bytes.length)).asString().isEqualTo(text);
    }

    private String seenPeer() throws InterruptedException {
        InetSocketAddress peer = app.peers.poll(5, TimeUnit.SECONDS);
        return peer == null ? "nobody" : peer.getAddress().getHostAddress();
    }

    @ParameterizedTest(name = "to {0}:{1}, tunnel forced: {3}")
    @CsvSource({
        "10.77.0.2, 8080, 10.77.0.1, false",
        "fd77::2, 8080, fd77:0:0:0:0:0:0:1, false",
        "10.96.0.10, 80, 10.77.0.1, false",
        "10.77.0.2, 8080, 10.77.0.1, true",
        "fd77::2, 8080, fd77:0:0:0:0:0:0:1, true",
        "10.96.0.10, 80, 10.77.0.1, true"
    })
    void aConnectionBetweenPodsKeepsItsSourceAddress(String to, int port, String seen, boolean tunnel)
            throws Exception {
        serve(tunnel);
        try (SocketChannel client = net.connect("a", to, port)) {
            echoes(client, "hello");
            assertThat(seenPeer()).isEqualTo(seen);
            List<Way> ways = proxy.connections().stream()
                    .map(ConnectionView::way)
                    .sorted()
                    .toList();
            assertThat(ways).isEqualTo(tunnel ? List.of(Way.TUNNEL, Way.INBOUND_HBONE) : List.of(Way.SAME_NODE));
            assertThat(proxy.connections())
                    .allSatisfy(
                            view -> assertThat(view.identity()).isEqualTo("spiffe://cluster.local/ns/default/sa/a"));
            client.shutdownOutput();
            assertThat(client.socket().getInputStream().read()).isEqualTo(-1);
        }
    }

    @ParameterizedTest(name = "tunnel forced: {0}")
    @CsvSource({"false", "true"})
    void aLargeTransferOfAHalfClosingClientIsExact(boolean tunnel) throws Exception {
        serve(tunnel);
        byte[] data = new byte[8 << 20];
        new Random(1).nextBytes(data);
        for (int round = 0; round < 5; round++) {
            try (SocketChannel client = net.connect("a", "10.77.0.2", 8080)) {
                Thread writer = Thread.ofVirtual().start(() -> send(client, data));
                byte[] got = client.socket().getInputStream().readAllBytes();
                assertThat(got).hasSameSizeAs(data);
                assertThat(Arrays.mismatch(got, data)).as("first wrong byte").isEqualTo(-1);
                writer.join();
            }
        }
    }

    private static void send(SocketChannel client, byte[] data) {
        try {
            client.socket().getOutputStream().write(data);
            client.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest(name = "tunnel forced: {0}")
    @CsvSource({"false", "true"})
    void aRefusingAppResetsTheClient(boolean tunnel) throws Exception {
        serve(tunnel);
        // The reset may overtake the client's own look at its connect.
        assertThatThrownBy(() -> {
                    try (SocketChannel client = net.connect("a", "10.77.0.2", 9999)) {
                        client.socket().getInputStream().read();
                    }
                })
                .hasMessageContaining("reset");
    }

    @Test
    void aPodReachesItselfByItsService() throws Exception {
        serve(false);
        try (SocketChannel client = net.connect("b", VIP, 80)) {
            echoes(client, "myself");
            assertThat(seenPeer()).isEqualTo("10.77.0.2");
        }
        try (SocketChannel client = net.connect("b", "10.77.0.2", 8080)) {
            echoes(client, "myself, not captured");
        }
    }

    @Test
    void aLegacyClientIsServedInPlaintextAndSeenByItsAddress() throws Exception {
        serve(false);
        try (SocketChannel client = net.connect("x", "10.77.0.2", 8080)) {
            echoes(client, "plain");
            assertThat(seenPeer()).isEqualTo("10.77.0.3");
        }
        try (SocketChannel client = net.connect("x", "fd77::2", 8080)) {
            echoes(client, "plain");
            assertThat(seenPeer()).isEqualTo("fd77:0:0:0:0:0:0:3");
        }
    }

    @Test
    void aCapturedPodReachesWhatTheMeshDoesNotKnow() throws Exception {
        serve(false);
        try (EchoApp outside = new EchoApp(net.listen("x", 7000));
                SocketChannel client = net.connect("a", "10.77.0.3", 7000)) {
            echoes(client, "outside");
            InetSocketAddress peer = outside.peers.poll(5, TimeUnit.SECONDS);
            assertThat(peer).isNotNull();
            assertThat(peer.getAddress().getHostAddress()).isEqualTo("10.77.0.1");
        }
    }

    private static Authorization strict() {
        return Authorization.newBuilder()
                .setName("strict")
                .setNamespace("istio-system")
                .setScope(Scope.GLOBAL)
                .setAction(Action.DENY)
                .addRules(Rule.newBuilder()
                        .addClauses(Clause.newBuilder()
                                .addMatches(Match.newBuilder()
                                        .addNotPrincipals(StringMatch.newBuilder()
                                                .setPresence(com.google.protobuf.Empty.getDefaultInstance())))))
                .build();
    }

    private static Authorization deny(String principal) {
        return Authorization.newBuilder()
                .setName("deny")
                .setNamespace("default")
                .setScope(Scope.NAMESPACE)
                .setAction(Action.DENY)
                .addRules(Rule.newBuilder()
                        .addClauses(Clause.newBuilder()
                                .addMatches(Match.newBuilder()
                                        .addPrincipals(StringMatch.newBuilder().setExact(principal)))))
                .build();
    }

    private void apply(Authorization policy) {
        store.apply(MeshUpdate.builder()
                .put(ResourceDecoder.policy(policy.getNamespace() + "/" + policy.getName(), policy))
                .build());
    }

    @ParameterizedTest(name = "tunnel forced: {0}")
    @CsvSource({"false", "true"})
    void aPolicyChangeClosesExactlyWhatItDenies(boolean tunnel) throws Exception {
        serve(tunnel);
        try (SocketChannel meshed = net.connect("a", "10.77.0.2", 8080);
                SocketChannel legacy = net.connect("x", "10.77.0.2", 8080)) {
            echoes(meshed, "before");
            echoes(legacy, "before");
            apply(strict());
            assertThatThrownBy(() -> legacy.socket().getInputStream().read()).hasMessageContaining("reset");
            echoes(meshed, "after strict");
            apply(deny("cluster.local/ns/default/sa/a"));
            assertThatThrownBy(() -> meshed.socket().getInputStream().read()).hasMessageContaining("reset");
        }
        assertThatThrownBy(() -> {
                    try (SocketChannel refused = net.connect("a", "10.77.0.2", 8080)) {
                        refused.socket().getInputStream().read();
                    }
                })
                .hasMessageContaining("reset");
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8))
                .contains("policy_changed", "policy_denied", "default/deny");
    }

    @Test
    void underStrictOnlyTheDeclaredProbePassesInPlaintext() throws Exception {
        serve(false);
        apply(strict());
        String probe = "GET /healthz HTTP/1.1\r\nHost: 10.77.0.2:8080\r\nConnection: close\r\n\r\n";
        try (SocketChannel kubelet = net.connect("x", "10.77.0.2", 8080)) {
            echoes(kubelet, probe);
        }
        for (String other : List.of(
                probe + "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n",
                probe.replace("/healthz", "/admin"),
                "anything else\r\n\r\n")) {
            try (SocketChannel kubelet = net.connect("x", "10.77.0.2", 8080)) {
                kubelet.socket().getOutputStream().write(other.getBytes(StandardCharsets.UTF_8));
                assertThatThrownBy(() -> kubelet.socket().getInputStream().read())
                        .hasMessageContaining("reset");
            }
        }
    }

    @Test
    void sourcePortsPassOverTheClientsOwnConnections() throws Exception {
        serve(false);
        List<SocketChannel> held = new ArrayList<>();
        InetSocketAddress target = new InetSocketAddress("10.77.0.2", 8080);
        java.net.InetAddress client = java.net.InetAddress.ofLiteral("10.77.0.3");
        try (KernelFlows flows = new KernelFlows(net.get("b"))) {
            for (int port = 61000; port < 61040; port++) {
                assertThat(flows.inUse(client, port, target)).isFalse();
                SocketChannel one = net.connect("x", port, "10.77.0.2", 8080);
                held.add(one);
                echoes(one, "held " + port);
                assertThat(flows.inUse(client, port, target))
                        .as("port %s", port)
                        .isTrue();
            }
            assertThat(new SourcePorts(flows, 0).next(client, target)).isGreaterThanOrEqualTo(61040);
            for (SocketChannel one : held) {
                echoes(one, "still alive");
            }
        } finally {
            for (SocketChannel one : held) {
                one.close();
            }
        }
    }

    @Test
    void withoutDescriptorsNewConnectionsAreRefusedAndOthersGoOn() throws Exception {
        loadClassesOf(NodeProxy.class);
        loadClassesOf(MeshStore.class);
        serve(false);
        List<SocketChannel> unconnected = new ArrayList<>();
        List<FileInputStream> fillers = new ArrayList<>();
        String before = Namespaces.run("prlimit", "--pid", pid(), "--nofile", "-o", "SOFT", "--noheadings");
        try (SocketChannel open = net.connect("x", "10.77.0.2", 8080)) {
            echoes(open, "before");
            for (int i = 0; i < 20; i++) {
                unconnected.add(net.socket("x"));
            }
            Namespaces.run("prlimit", "--pid", pid(), "--nofile=" + (openDescriptors() + 50) + ":");
            int refused = 0;
            for (SocketChannel client : unconnected) {
                // What the clients before this one gave back, too; what they give back only now serves this one, which
                // then keeps it.
                fill(fillers);
                if (isRefused(client)) {
                    refused++;
                    client.close();
                }
            }
            assertThat(refused).isGreaterThanOrEqualTo(10);
            echoes(open, "still served");
        } finally {
            for (FileInputStream filler : fillers) {
                filler.close();
            }
            for (SocketChannel client : unconnected) {
                client.close();
            }
            Namespaces.run("prlimit", "--pid", pid(), "--nofile=" + before.strip() + ":");
        }
        try (SocketChannel client = net.connect("x", "10.77.0.2", 8080)) {
            echoes(client, "after");
        }
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8)).contains("no_descriptors");
    }

    /** Whether a connection is reset and not served; anything else fails. */
    private static boolean isRefused(SocketChannel client) {
        try {
            client.socket().connect(new InetSocketAddress("10.77.0.2", 8080), 5_000);
            client.socket().setSoTimeout(5_000);
            client.socket().getOutputStream().write('x');
            assertThat(client.socket().getInputStream().read()).isEqualTo('x');
            return false;
        } catch (IOException e) {
            assertThat(e.getMessage()).containsAnyOf("reset", "Broken pipe");
            return true;
        }
    }

    /** In a build tree classes are files of their own, which cannot be opened without descriptors; jars are open. */
    private static void loadClassesOf(Class<?> any) throws Exception {
        Path root =
                Path.of(any.getProtectionDomain().getCodeSource().getLocation().toURI());
        if (!Files.isDirectory(root)) {
            return;
        }
        try (var files = Files.walk(root)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.');
                if (!name.endsWith("package-info.class")) {
                    Class.forName(name.substring(0, name.length() - ".class".length()), false, any.getClassLoader());
                }
            }
        }
    }

    private static String pid() {
        return Long.toString(ProcessHandle.current().pid());
    }

    private static int openDescriptors() throws IOException {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            return all.mapToInt(p -> Integer.parseInt(p.getFileName().toString()))
                    .max()
                    .orElseThrow();
        }
    }

    private static void fill(List<FileInputStream> fillers) {
        try {
            while (true) {
                fillers.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException e) {
            // No more to be had: that is what was wanted.
            return;
        }
    }

    @Test
    void aPodThatIsStoppedKeepsItsConnectionsAndTakesNoMore() throws Exception {
        serve(false);
        try (SocketChannel client = net.connect("a", "10.77.0.2", 8080)) {
            echoes(client, "before");
            var stopped = proxy.stop(A, false).toCompletableFuture();
            assertThat(proxy.listening(A)).isFalse();
            echoes(client, "while draining");
            assertThat(proxy.openConnections(A)).isEqualTo(1);
            assertThat(stopped).isNotDone();
            proxy.stop(A, true).toCompletableFuture().get(5, TimeUnit.SECONDS);
            InputStream in = client.socket().getInputStream();
            assertThatThrownBy(in::read).hasMessageContaining("reset");
            stopped.get(5, TimeUnit.SECONDS);
        }
        proxy.start(A, TestCredentials.id("a"), net.get("a"))
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS);
        try (SocketChannel client = net.connect("a", "10.77.0.2", 8080)) {
            echoes(client, "again");
        }
    }
}

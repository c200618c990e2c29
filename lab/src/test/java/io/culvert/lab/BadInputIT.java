package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.demo.DemoCluster;
import io.culvert.lab.demo.HttpSession;
import io.culvert.lab.demo.PostgresSession;
import io.culvert.lab.demo.SteadyTraffic;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Peers that send rubbish, the wrong TLS, wrong certificates or nothing, and configuration that is wrong: each is turned
 * away by name, and a connection beside it never notices. All of it happens while certificates of ten seconds rotate under
 * a load of two minutes, which the last test judges.
 */
@Tag("netns")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@SuppressWarnings("NullAway.Init")
class BadInputIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final Duration LOAD = Duration.ofMinutes(2);
    private static final String CLIENT = "spiffe://cluster.local/ns/shop/sa/client";

    @RegisterExtension
    static final LabExtension lab = new LabExtension(
            DemoCluster.description(), LabOptions.mesh(Launchers.ofClassPath()).withAgentOptions("--cert-ttl", "10s"));

    private static RotationLoad load;
    private static Set<String> firstTunnels;

    @BeforeAll
    static void begin() {
        new DemoCluster(lab.lab()).awaitMesh("shop");
        LabPod client = lab.pod("client");
        String database = address("db");
        load = new RotationLoad(LOAD)
                .over("client > front", RotationLoad.http(client, address("front"), 80))
                .over("report > web", RotationLoad.http(lab.pod("report"), address("web"), 8080))
                .over("client > db", () -> new PostgresSession(client.sockets(), database, 5432, TIMEOUT));
        firstTunnels = Poll.until(TIMEOUT, "no tunnel comes up", () -> {
            Set<String> open = tunnels(client);
            return open.isEmpty() ? null : open;
        });
    }

    @AfterAll
    static void end() {
        if (load != null) {
            load.close();
        }
    }

    @ParameterizedTest(name = "to port {0}")
    @ValueSource(ints = {15008, 15006, 15001})
    void garbageIsTurnedAway(int port) throws Exception {
        byte[] garbage = new byte[100_000];
        new Random(port).nextBytes(garbage);
        try (SteadyTraffic beside = beside()) {
            beside.awaitProgress(10, TIMEOUT);
            for (int i = 0; i < 20; i++) {
                assertThat(answer(port, garbage))
                        .as("bytes that " + port + " answers to garbage")
                        .isLessThan(100);
            }
            beside.awaitProgress(10, TIMEOUT);
        }
        if (port == 15008) {
            assertThat(lab.lab().node("node2").agent().log()).contains("not_tls");
        }
    }

    @Test
    void anOlderTlsIsTurnedAway() throws Exception {
        double before = handshakesRefused("version");
        try (SteadyTraffic beside = beside()) {
            ExecResult handshake = lab.pod("billing")
                    .sh("openssl s_client -tls1_2 -connect " + lab.pod("front").ip4() + ":15008 </dev/null");
            assertThat(handshake.ok()).as(handshake.describe()).isFalse();
            assertThat(handshake.out() + handshake.err()).containsIgnoringCase("alert");
            ExecResult withoutCertificate = lab.pod("billing")
                    .sh("(sleep 1; echo x) | openssl s_client -tls1_3 -alpn h2 -connect "
                            + lab.pod("front").ip4() + ":15008 2>&1");
            assertThat(withoutCertificate.out()).contains("certificate required");
            beside.awaitProgress(10, TIMEOUT);
        }
        assertThat(handshakesRefused("version")).isGreaterThan(before);
    }

    @Test
    void aHandshakeThatNeverEndsIsEnded() throws Exception {
        double before = handshakesRefused("timeout");
        try (SteadyTraffic beside = beside();
                Socket socket = toFront(15008)) {
            // The head of a ClientHello of 512 bytes, and nothing more.
            socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3});
            assertThat(end(socket)).isTrue();
            beside.awaitProgress(10, TIMEOUT);
        }
        Poll.untilTrue(TIMEOUT, "the handshake is not counted", () -> handshakesRefused("timeout") > before);
    }

    static Stream<Arguments> badCertificates() {
        Instant later = Instant.now().plusSeconds(3000);
        return Stream.of(
                Arguments.of("two URI SANs", "no_spiffe_id", "2 URI SANs", later, new String[] {CLIENT, CLIENT + "2"}),
                Arguments.of("expired", "expired", "expired at", later.minusSeconds(3060), new String[] {CLIENT}),
                Arguments.of("another trust domain", "wrong_trust_domain", "other.example", later, new String[] {
                    "spiffe://other.example/ns/shop/sa/client"
                }),
                Arguments.of("no SPIFFE ID", "no_spiffe_id", "", later, new String[] {"https://cluster.local/client"}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badCertificates")
    void aBadCertificateIsRefusedByName(String name, String reason, String words, Instant notAfter, String[] uris)
            throws Exception {
        double before = handshakesRefused(reason);
        try (SteadyTraffic beside = beside()) {
            beside.awaitProgress(10, TIMEOUT);
            ForgedAuthority.Leaf leaf = ForgedAuthority.of(lab.lab()).leaf(notAfter, uris);
            assertThatThrownBy(() -> begin(leaf)).isInstanceOf(IOException.class);
            beside.awaitProgress(10, TIMEOUT);
        }
        Poll.untilTrue(TIMEOUT, "the refusal is not counted as " + reason, () -> handshakesRefused(reason) > before);
        assertThat(lab.lab().node("node2").agent().log()).contains(reason).contains(words);
    }

    @Test
    void aRootOfOnesOwnIsNoneOfTheMesh() throws Exception {
        double before = handshakesRefused("bad_chain");
        try (SteadyTraffic beside = beside()) {
            ForgedAuthority.Leaf leaf =
                    ForgedAuthority.stranger().leaf(Instant.now().plusSeconds(3000), CLIENT);
            assertThatThrownBy(() -> begin(leaf)).isInstanceOf(IOException.class);
            beside.awaitProgress(10, TIMEOUT);
        }
        Poll.untilTrue(TIMEOUT, "the refusal is not counted", () -> handshakesRefused("bad_chain") > before);
    }

    @Test
    void aConnectToAnotherAddressIsRefusedAndTheTunnelsOtherStreamsGoOn() throws Exception {
        String front = lab.pod("front").ip4();
        String web = lab.pod("web").ip4();
        try (SteadyTraffic beside = beside();
                RawTunnel tunnel = begin(good())) {
            assertThat(tunnel.connect(1, front + ":80")).isEqualTo("200");
            tunnel.send(1, "GET /echo?before HTTP/1.1\r\nHost: x\r\n\r\n");
            tunnel.await(1, "before");
            assertThat(tunnel.connect(3, web + ":8080")).isEqualTo("400");
            assertThat(tunnel.connect(5, front + ":15006")).as("a loop").isEqualTo("400");
            tunnel.send(1, "GET /echo?after HTTP/1.1\r\nHost: x\r\n\r\n");
            tunnel.await(1, "after");
            beside.awaitProgress(10, TIMEOUT);
        }
        Poll.untilTrue(
                TIMEOUT,
                "the access log does not name both addresses and what to look at",
                () -> lab.lab().node("node2").agent().accessLog().stream()
                        .anyMatch(line -> line.contains("\"close_reason\":\"ip_mismatch\"")
                                && line.contains(web + ":8080")
                                && line.contains(front)
                                && line.contains("mesh state is old")));
    }

    @Test
    void aPeerThatStopsReadingIsGivenUp() throws Exception {
        // From the server's own node: a connection through a tunnel could not live for as long as this takes.
        try (SteadyTraffic beside = new SteadyTraffic(
                        "neighbour", new HttpSession(lab.pod("report").sockets(), address("front"), 80, TIMEOUT));
                RawTunnel tunnel = begin(good())) {
            assertThat(tunnel.connect(1, lab.pod("front").ip4() + ":80")).isEqualTo("200");
            for (int i = 0; i < 60; i++) {
                tunnel.send(1, "GET /catalogue HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            // Either by a PING without an answer or by the kernel, whose limit is the same; each is "tunnel lost".
            String peer = lab.pod("billing").ip4() + ":" + tunnel.localPort();
            String line = Poll.until(
                    Duration.ofSeconds(60),
                    "the tunnel is not given up",
                    () -> lab.lab().node("node2").agent().accessLog().stream()
                            .filter(l -> l.contains(peer) && l.contains("\"close_reason\":\"tunnel_lost\""))
                            .findFirst()
                            .orElse(null));
            assertThat(line).as("it says why").contains("PING");
            beside.awaitProgress(10, TIMEOUT);
        }
    }

    static Stream<Arguments> badConfiguration() {
        String policy = """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: bad, namespace: %s}
                spec:
                  selector: {matchLabels: {app: nobody}}
                  rules: [{from: [{source: {principals: ["%s"]}}]}]
                """;
        return Stream.of(
                Arguments.of(
                        "malformed YAML", "apiVersion: v1\nkind: [\n", new String[] {":3: error", "malformed YAML"}),
                Arguments.of("an unknown field", policy.formatted("shop", "*") + "  colour: blue\n", new String[] {
                    ":7: warning: AuthorizationPolicy shop/bad", "spec.colour", "unknown field"
                }),
                Arguments.of(
                        "an invalid SPIFFE ID", policy.formatted("aside", "cluster.local/ns/a b/sa/x"), new String[] {
                            ":6: error: AuthorizationPolicy aside/bad", "no SPIFFE name: use <trust domain>/ns/"
                        }),
                Arguments.of(
                        "a policy in a namespace that there is not",
                        policy.formatted("nowhere", "*"),
                        new String[] {"AuthorizationPolicy nowhere/bad", "there is no namespace nowhere"}),
                Arguments.of("an address given twice", """
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: twin, namespace: shop}
                        spec: {nodeName: node1, serviceAccountName: client, containers: [{name: c}]}
                        status: {phase: Running, podIP: FRONT, podIPs: [{ip: FRONT}]}
                        """, new String[] {
                    "Pod shop/twin", "is the address of Pod shop/front", "remove the pod that is gone"
                }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badConfiguration")
    void badConfigurationIsNamedAndChangesNothing(String name, String text, String[] words) throws Exception {
        Path file = lab.lab().configDirectory().resolve("bad-input.yaml");
        try (SteadyTraffic beside = beside()) {
            beside.awaitProgress(10, TIMEOUT);
            Files.writeString(file, text.replace("FRONT", lab.pod("front").ip4()));
            Poll.untilTrue(TIMEOUT, "the controller does not name what is wrong", () -> finding(words));
            beside.awaitProgress(10, TIMEOUT);
            try (HttpSession fresh = session()) {
                assertThat(fresh.ask("fresh")).isEqualTo("fresh");
            }
            Files.delete(file);
            Poll.untilTrue(TIMEOUT, "the finding outlives its file", () -> !finding(words));
            beside.awaitProgress(10, TIMEOUT);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    @Test
    @Order(Integer.MAX_VALUE)
    @Timeout(240)
    void certificatesOfTenSecondsRotateForTwoMinutesAndNobodyNotices() throws Exception {
        load.join();
        System.out.printf(
                "rotation: %d exchanges on %d short and %d long connections%n",
                load.exchanges(), load.shortConnections(), load.longConnections());
        assertThat(load.faults()).isEmpty();
        assertThat(load.shortConnections()).isGreaterThan(1000);
        assertThat(load.longConnections()).as("connections of 20 s").isGreaterThanOrEqualTo(3 * 6);
        assertThat(tunnels(lab.pod("client"))).isNotEmpty().doesNotContainAnyElementsOf(firstTunnels);
        for (LabNode node : lab.lab().nodes()) {
            assertThat(Scrape.of(node.agent()).sum("culvert_tunnels_opened_total"))
                    .as("tunnels of " + node.name() + ": each identity rotates every five seconds or so")
                    .isGreaterThan(2 * LOAD.toSeconds() / 10.0);
        }
    }

    private static boolean finding(String... words) {
        return lab.lab().controller().findings().stream()
                .anyMatch(line ->
                        line.contains("bad-input.yaml") && Stream.of(words).allMatch(line::contains));
    }

    private static ForgedAuthority.Leaf good() throws Exception {
        return ForgedAuthority.of(lab.lab()).leaf(Instant.now().plusSeconds(3000), CLIENT);
    }

    private static RawTunnel begin(ForgedAuthority.Leaf leaf) throws IOException {
        return new RawTunnel(toFront(15008), leaf).begin();
    }

    /** The tunnels of a pod by their local ends. */
    private static Set<String> tunnels(LabPod pod) {
        return new Netns(pod.networkNamespace().getFileName().toString())
                .shell("ss -Htn state established '( dport = :15008 )'")
                .lines()
                .map(line -> line.strip().split("\\s+", -1)[2])
                .collect(Collectors.toSet());
    }

    private static double handshakesRefused(String reason) {
        return Scrape.of(lab.lab().node("node2").agent())
                .sum("culvert_tls_handshakes_failed_total", "side=\"server\"", "reason=\"" + reason + "\"");
    }

    private static String address(String service) {
        return lab.lab().clusterIps("shop", service).getFirst();
    }

    private static HttpSession session() throws IOException {
        return new HttpSession(lab.pod("client").sockets(), address("front"), 80, TIMEOUT);
    }

    private static SteadyTraffic beside() throws IOException {
        return new SteadyTraffic("beside", session());
    }

    private static Socket toFront(int port) throws IOException {
        return lab.pod("billing")
                .sockets()
                .connect(InetAddress.getByName(lab.pod("front").ip4()), port, TIMEOUT);
    }

    /** How many bytes the port answers before it closes. */
    private static int answer(int port, byte[] question) {
        try (Socket socket = toFront(port)) {
            socket.getOutputStream().write(question);
            return socket.getInputStream().readAllBytes().length;
        } catch (IOException e) {
            return 0;
        }
    }

    private static boolean end(Socket socket) {
        try {
            socket.getInputStream().readAllBytes();
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}

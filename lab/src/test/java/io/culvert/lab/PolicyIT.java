package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies as they come and go under connections that are open. */
@Tag("netns")
class PolicyIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int PORT = 8080;

    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(LabExtension.resource("mesh.yaml"), LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void awaitMesh() {
        new DemoCluster(lab.lab()).awaitMesh("mesh");
    }

    @ParameterizedTest(name = "to the pod {0}")
    @ValueSource(strings = {"near", "far"})
    void aChangeClosesExactlyWhatItDenies(String server) throws Exception {
        try (PodServer echo = PodServer.echo(lab.pod(server), PORT);
                Socket denied = connect("client", server);
                Socket allowed = connect("other", server)) {
            exchange(denied);
            exchange(allowed);
            assertThat(echo.lastPeer()).isNotNull();
            lab.lab().apply(deny(server, "client"));
            try {
                Poll.untilTrue(TIMEOUT, "the denied connection is still open", () -> !works(denied));
                exchange(allowed);
                Poll.untilTrue(TIMEOUT, "a new connection is not denied", () -> !answers("client", server));
                assertThat(answers("other", server)).isTrue();
            } finally {
                lab.lab().delete("AuthorizationPolicy", "mesh", "deny-" + server);
            }
            Poll.untilTrue(TIMEOUT, "the policy is gone and still enforced", () -> answers("client", server));
            exchange(allowed);
        }
    }

    @Test
    void strictRefusesPodsOutsideByBothFamilies() throws Exception {
        LabPod outside = lab.pod("outside");
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT)) {
            assertThat(answers("outside", "far")).isTrue();
            assertThat(echo.lastPeer()).isEqualTo(outside.ip4());
            lab.lab().apply("""
                            apiVersion: security.istio.io/v1
                            kind: PeerAuthentication
                            metadata: {name: far, namespace: mesh}
                            spec:
                              selector: {matchLabels: {app: far}}
                              mtls: {mode: STRICT}
                            """);
            try {
                Poll.untilTrue(TIMEOUT, "plaintext still gets through", () -> !answers("outside", "far"));
                assertThat(works(outside.sockets(), lab.pod("far").ip6())).isFalse();
                assertThat(answers("client", "far")).isTrue();
            } finally {
                lab.lab().delete("PeerAuthentication", "mesh", "far");
            }
            Poll.untilTrue(TIMEOUT, "STRICT is gone and still enforced", () -> answers("outside", "far"));
        }
    }

    @Test
    void aFileThatCannotBeReadLeavesTheRestInForce() throws Exception {
        Path broken = lab.lab().configDirectory().resolve("broken.yaml");
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT)) {
            lab.lab().apply(deny("far", "other"));
            Poll.untilTrue(TIMEOUT, "the policy is not in force", () -> !answers("other", "far"));
            Files.writeString(broken, "apiVersion: v1\nkind: [\n");
            Poll.untilTrue(
                    TIMEOUT,
                    "the status does not name the broken file",
                    () -> lab.lab().controller().status().contains("broken.yaml"));
            assertThat(answers("other", "far")).isFalse();
            assertThat(answers("client", "far")).isTrue();
            assertThat(echo.lastPeer()).isNotNull();
        } finally {
            Files.deleteIfExists(broken);
            lab.lab().delete("AuthorizationPolicy", "mesh", "deny-far");
        }
        Poll.untilTrue(
                TIMEOUT,
                "the status still names the broken file",
                () -> !lab.lab().controller().status().contains("broken.yaml"));
    }

    /** They were made past the mesh and escape its policies: the namespace says what becomes of them. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"keep", "drain=3s", "reset"})
    void connectionsFromBeforeEnrolmentAreCountedAndDoAsTheNamespaceSays(String wish) throws Exception {
        String name = wish.replace("=", "-");
        lab.lab().apply("""
                        apiVersion: v1
                        kind: Namespace
                        metadata: {name: %1$s, annotations: {culvert.io/existing-connections: "%2$s"}}
                        ---
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: %1$s, namespace: %1$s}
                        spec: {nodeName: node2, containers: [{name: c, command: [sleep, infinity]}]}
                        """.formatted(name, wish));
        LabPod pod = lab.pod(name);
        lab.lab().awaitReady(pod, true, TIMEOUT);
        try (PodServer in = PodServer.echo(pod, PORT);
                PodServer out = PodServer.echo(lab.pod("far"), PORT);
                Socket to = connect("client", name);
                Socket from = connect(name, "far")) {
            exchange(to);
            exchange(from);
            long labelled = System.nanoTime();
            lab.lab().label("Namespace", "", name, Map.of("culvert.io/mesh", "enabled"));
            new DemoCluster(lab.lab()).awaitMeshed(pod, true);
            try (Socket after = connect("client", name)) {
                exchange(after);
                switch (wish) {
                    case "keep" -> {
                        assertThat(unproxied(pod)).isEqualTo(2);
                        exchange(to);
                        exchange(from);
                    }
                    case "reset" -> assertThat(List.of(works(to), works(from))).containsOnly(false);
                    default -> {
                        Poll.untilTrue(TIMEOUT, "connections from before are not drained", () -> !works(to));
                        assertThat(Duration.ofNanos(System.nanoTime() - labelled))
                                .as("how long they were left")
                                .isGreaterThanOrEqualTo(Duration.ofSeconds(3));
                        Poll.untilTrue(TIMEOUT, "the connection of the pod itself is not drained", () -> !works(from));
                    }
                }
                if (!wish.equals("keep")) {
                    Poll.untilTrue(TIMEOUT, "closed connections are still counted", () -> unproxied(pod) == 0);
                }
                exchange(after);
            }
            assertThat(in.lastPeer()).isEqualTo(lab.pod("client").ip4());
            assertThat(out.lastPeer()).isEqualTo(pod.ip4());
        } finally {
            lab.lab().delete("Pod", name, name);
            lab.lab().delete("Namespace", "", name);
        }
    }

    /** What the agent's status says of connections that escape it. */
    private static int unproxied(LabPod pod) {
        try {
            for (JsonNode one : new ObjectMapper().readTree(pod.node().agent().admin("/pods"))) {
                if (one.path("name").asText().equals(pod.name())) {
                    return one.path("unproxied").asInt(-1);
                }
            }
            return -1;
        } catch (IOException e) {
            throw new LabException("the agent's answer is not JSON", e);
        }
    }

    private static String deny(String server, String serviceAccount) {
        return """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: deny-%1$s, namespace: mesh}
            spec:
              selector: {matchLabels: {app: %1$s}}
              action: DENY
              rules:
                - from: [{source: {principals: [cluster.local/ns/mesh/sa/%2$s]}}]
            """.formatted(server, serviceAccount);
    }

    private static Socket connect(String client, String server) throws IOException {
        return lab.pod(client)
                .sockets()
                .connect(InetAddress.getByName(lab.pod(server).ip4()), PORT, TIMEOUT);
    }

    private static boolean answers(String client, String server) {
        return works(lab.pod(client).sockets(), lab.pod(server).ip4());
    }

    private static boolean works(NamespaceSockets sockets, String address) {
        try (Socket socket = sockets.connect(InetAddress.getByName(address), PORT, TIMEOUT)) {
            return works(socket);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean works(Socket socket) {
        try {
            exchange(socket);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void exchange(Socket socket) throws IOException {
        socket.getOutputStream().write(42);
        if (socket.getInputStream().read() != 42) {
            throw new IOException("the connection ended");
        }
    }
}

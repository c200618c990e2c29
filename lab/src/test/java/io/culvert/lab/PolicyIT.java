package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
        DemoCluster cluster = new DemoCluster(lab.lab());
        lab.lab().pods().stream()
                .filter(pod -> pod.namespace().equals("mesh"))
                .forEach(pod -> cluster.awaitMeshed(pod, true));
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

package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What happens when a part goes: the agent, the controller, the rules of a pod, its namespace. */
@Tag("netns")
class ResilienceIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration HEALED = Duration.ofSeconds(5);
    private static final int PORT = 8080;

    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(LabExtension.resource("mesh.yaml"), LabOptions.mesh(Launchers.ofClassPath()));

    private final DemoCluster cluster = new DemoCluster(lab.lab());

    @BeforeEach
    void awaitMesh() {
        lab.lab().pods().stream()
                .filter(pod -> pod.namespace().equals("mesh"))
                .forEach(pod -> cluster.awaitMeshed(pod, true));
    }

    @Test
    void withoutItsAgentAPodIsClosedAndThenServedAgain() throws Exception {
        AgentProcess agent = lab.lab().node("node2").agent();
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT);
                Socket open = connect("client")) {
            exchange(open);
            String before = echo.lastPeer();
            agent.kill();
            assertThat(works(open)).as("the connection through the agent").isFalse();
            for (String client : List.of("client", "outside")) {
                assertThat(answers(client))
                        .as(client + " > far without far's agent")
                        .isFalse();
            }
            assertThat(before).isEqualTo(lab.pod("client").ip4());
            agent.start();
            Poll.untilTrue(TIMEOUT, "the agent does not serve after its restart", () -> answers("client"));
        }
    }

    @Test
    void theMeshServesWithoutItsController() throws Exception {
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT)) {
            lab.lab().controller().kill();
            try {
                assertThat(answers("client")).isTrue();
                AgentProcess agent = lab.lab().node("node2").agent();
                agent.kill();
                agent.start();
                Poll.untilTrue(
                        TIMEOUT,
                        "an agent that restarts without a controller does not serve",
                        () -> answers("outside"));
                assertThat(echo.lastPeer()).isEqualTo(lab.pod("outside").ip4());
            } finally {
                lab.lab().controller().start();
            }
            Poll.untilTrue(TIMEOUT, "tunnels do not come back with the controller", () -> answers("client"));
        }
    }

    @Test
    void flushedRulesAreBackInFiveSeconds() throws Exception {
        LabPod far = lab.pod("far");
        String kept = rules(far);
        assertThat(kept).contains("15006");
        new Netns(far.networkNamespace().getFileName().toString()).shell("nft flush ruleset");
        assertThat(rules(far)).doesNotContain("15006");
        Poll.untilTrue(HEALED, "the rules are not back", () -> rules(far).equals(kept));
    }

    @Test
    void aReplacedNamespaceIsServedInFiveSeconds() throws Exception {
        LabPod far = lab.pod("far");
        far.replaceNamespace();
        Poll.untilTrue(
                HEALED, "the new namespace is not captured", () -> rules(far).contains("15006"));
        try (PodServer echo = PodServer.echo(far, PORT)) {
            Poll.untilTrue(HEALED, "the pod in its new namespace does not answer", () -> answers("client"));
            assertThat(echo.lastPeer()).isEqualTo(lab.pod("client").ip4());
        }
    }

    /** The rules of a pod without their counters. */
    private static String rules(LabPod pod) {
        return new Netns(pod.networkNamespace().getFileName().toString())
                .shell("nft -s list ruleset")
                .replaceAll("counter packets \\d+ bytes \\d+", "counter");
    }

    private static Socket connect(String client) throws IOException {
        return lab.pod(client)
                .sockets()
                .connect(InetAddress.getByName(lab.pod("far").ip4()), PORT, Duration.ofSeconds(3));
    }

    private static boolean answers(String client) {
        try (Socket socket = connect(client)) {
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

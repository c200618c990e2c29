package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens when a part goes: the agent, the controller, the rules of a pod, its namespace. */
@Tag("netns")
class ResilienceIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration HEALED = Duration.ofSeconds(5);
    private static final Duration DRAIN = Duration.ofSeconds(4);
    private static final int PORT = 8080;
    private static final byte[] MESHED = "WORDS-OF-THE-MESH".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PLAIN = "WORDS-OF-OTHERS".getBytes(StandardCharsets.US_ASCII);

    @RegisterExtension
    static final LabExtension lab = new LabExtension(
            LabExtension.resource("mesh.yaml"),
            LabOptions.mesh(Launchers.ofClassPath()).withAgentOptions("--drain", DRAIN.toSeconds() + "s"));

    private final DemoCluster cluster = new DemoCluster(lab.lab());

    @BeforeEach
    void awaitMesh() {
        cluster.awaitMesh("mesh");
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
    void anAgentKilledUnderLoadLeavesNothingInPlaintext() throws Exception {
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT);
                PodServer legacy = PodServer.echo(lab.pod("outside"), PORT);
                LinkCapture capture = new LinkCapture(lab.lab());
                Load load = new Load(lab.pod("client"), lab.pod("far"))) {
            load.awaitAnswers(50);
            for (String node : List.of("node1", "node2")) {
                AgentProcess agent = lab.lab().node(node).agent();
                agent.kill();
                load.awaitRefusals(200);
                long answered = load.answers();
                load.awaitRefusals(200);
                assertThat(load.answers())
                        .as("answers without the agent of " + node)
                        .isEqualTo(answered);
                agent.start();
                load.awaitAnswers(50);
            }
            try (Socket control = connect("client", "outside")) {
                exchange(control, PLAIN);
            }
            TcpStreams seen = capture.stop();
            assertThat(seen.occurrences(PLAIN))
                    .as("what is not meshed is found on the link")
                    .isPositive();
            assertThat(seen.occurrences(MESHED)).as("what is meshed is not").isZero();
            assertThat(seen.between(lab.pod("client").ip4(), lab.pod("far").ip4(), 15008))
                    .isNotEmpty();
            assertThat(echo.lastPeer()).isEqualTo(lab.pod("client").ip4());
            assertThat(legacy.lastPeer()).isEqualTo(lab.pod("client").ip4());
        }
    }

    @ParameterizedTest(name = "of {0}")
    @ValueSource(strings = {"node1", "node2"})
    void anAgentThatIsStoppedLeavesConnectionsTheirDrainTime(String node) throws Exception {
        AgentProcess agent = lab.lab().node(node).agent();
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT);
                Socket open = connect("client")) {
            exchange(open);
            CompletableFuture<Void> stopping = new CompletableFuture<>();
            long asked = System.nanoTime();
            Thread.ofPlatform().daemon().start(() -> {
                agent.stop(TIMEOUT);
                stopping.complete(null);
            });
            Poll.untilTrue(TIMEOUT, "a draining agent takes new connections", () -> !answers("client"));
            assertThat(works(open))
                    .as("an open connection, while the agent drains")
                    .isTrue();
            Poll.untilTrue(TIMEOUT, "the connection outlives the drain", () -> !works(open));
            assertThat(Duration.ofNanos(System.nanoTime() - asked))
                    .as("time that the open connection was given")
                    .isGreaterThanOrEqualTo(DRAIN);
            stopping.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            agent.start();
            Poll.untilTrue(TIMEOUT, "new connections do not work after the restart", () -> answers("client"));
            assertThat(echo.lastPeer()).isEqualTo(lab.pod("client").ip4());
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
        return connect(client, "far");
    }

    private static Socket connect(String client, String server) throws IOException {
        return lab.pod(client)
                .sockets()
                .connect(InetAddress.getByName(lab.pod(server).ip4()), PORT, Duration.ofSeconds(3));
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
        exchange(socket, new byte[] {42});
    }

    private static void exchange(Socket socket, byte[] words) throws IOException {
        socket.getOutputStream().write(words);
        if (!Arrays.equals(socket.getInputStream().readNBytes(words.length), words)) {
            throw new IOException("the connection ended");
        }
    }

    /** Connections with recognisable words, one after the other on each of four threads, for as long as it is open. */
    private static final class Load implements AutoCloseable {
        private final AtomicLong answers = new AtomicLong();
        private final AtomicLong refusals = new AtomicLong();
        private final List<Thread> threads = new ArrayList<>();
        private volatile boolean stopped;

        Load(LabPod client, LabPod server) {
            for (int i = 0; i < 4; i++) {
                threads.add(Thread.ofPlatform().daemon().start(() -> {
                    while (!stopped) {
                        try (Socket socket = connect(client.name(), server.name())) {
                            exchange(socket, MESHED);
                            answers.incrementAndGet();
                        } catch (IOException e) {
                            refusals.incrementAndGet();
                        }
                        LockSupport.parkNanos(3_000_000);
                    }
                }));
            }
        }

        long answers() {
            return answers.get();
        }

        void awaitAnswers(int more) {
            await(answers, more, "answers");
        }

        void awaitRefusals(int more) {
            await(refusals, more, "refusals");
        }

        @Override
        public void close() {
            stopped = true;
            try {
                for (Thread thread : threads) {
                    thread.join();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static void await(AtomicLong count, int more, String what) {
            long wanted = count.get() + more;
            Poll.untilTrue(TIMEOUT, "there are not " + more + " more " + what, () -> count.get() >= wanted);
        }
    }
}

package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Agents whose sockets are of io_uring: bytes, ends and resets by every way. The kernel must allow io_uring. */
@Tag("netns")
@SuppressWarnings("try") // closing in the middle is what is tested
class IoUringIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int PORT = 8080;
    private static final long SEED = 15;

    @RegisterExtension
    static final LabExtension lab = new LabExtension(
            LabExtension.resource("mesh.yaml"),
            LabOptions.mesh(Launchers.ofClassPath()).withAgentOptions("--transport", "io_uring"));

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        for (String pod : new String[] {"client", "near", "far"}) {
            cluster.awaitMeshed(lab.pod(pod), true);
        }
    }

    @Test
    void theLoopsAreOfIoUring() {
        for (LabNode node : lab.lab().nodes()) {
            Scrape scrape = Scrape.of(node.agent());
            assertThat(scrape.sum("culvert_event_loops", "transport=\"io_uring\""))
                    .isPositive();
            assertThat(scrape.sum("culvert_event_loops", "transport=\"epoll\"")).isZero();
            assertThat(node.agent().log()).contains("event loops by io_uring");
        }
    }

    @ParameterizedTest(name = "{2}, to the pod {0} by IPv{1}")
    @CsvSource({
        "near,4,same_node",
        "near,6,same_node",
        "far,4,tunnel",
        "far,6,tunnel",
        "outside,4,plain",
        "outside,6,plain"
    })
    void aHalfClosedQuestionGetsItsWholeAnswer(String server, int family, String way) throws Exception {
        byte[] question = new byte[5_000_000];
        new Random(SEED).nextBytes(question);
        try (PodServer reverse = new PodServer(lab.pod(server), PORT, s -> {
                    byte[] all = s.getInputStream().readAllBytes();
                    s.getOutputStream().write(all);
                });
                Socket socket = connect(server, family)) {
            socket.getOutputStream().write(question);
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo(question);
            assertThat(reverse.lastPeer())
                    .isEqualTo(
                            family == 4
                                    ? lab.pod("client").ip4()
                                    : lab.pod("client").ip6());
        }
        String wanted = "\"way\":\"" + way + "\"";
        String line = Poll.until(
                TIMEOUT,
                "no line with " + wanted + " in the access log of the client's node",
                () -> lab.lab().node("node1").agent().accessLog().stream()
                        .filter(l -> l.contains(wanted))
                        .findFirst()
                        .orElse(null));
        assertThat(line).contains("\"close_reason\":\"ok\"");
    }

    @ParameterizedTest(name = "of the pod {0}")
    @CsvSource({"near", "far", "outside"})
    void aServersResetIsAResetAndNoEnd(String server) throws Exception {
        try (PodServer rude = new PodServer(lab.pod(server), PORT, s -> {
                    s.getInputStream().readNBytes(4);
                    s.setOption(StandardSocketOptions.SO_LINGER, 0);
                });
                Socket socket = connect(server, 4)) {
            socket.getOutputStream().write(new byte[] {1, 2, 3, 4});
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
            assertThat(rude.lastPeer()).isNotNull();
        }
    }

    @ParameterizedTest(name = "to the pod {0}")
    @CsvSource({"near", "far", "outside"})
    void aClientsResetReachesAServerThatDidNotRead(String server) throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        CompletableFuture<Void> gone = new CompletableFuture<>();
        try (PodServer slow = new PodServer(lab.pod(server), PORT, s -> {
                    s.getOutputStream().write(1);
                    gone.join();
                    try {
                        long bytes = s.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
                        seen.complete("an end after " + bytes + " bytes");
                    } catch (IOException e) {
                        seen.complete(String.valueOf(e.getMessage()));
                    }
                });
                Socket socket = connect(server, 4)) {
            assertThat(socket.getInputStream().read()).isEqualTo(1);
            socket.getOutputStream().write(new byte[100_000]);
            socket.setSoLinger(true, 0);
            socket.close();
            gone.complete(null);
            assertThat(seen.get(10, TimeUnit.SECONDS)).contains("reset");
            assertThat(slow.lastPeer()).isNotNull();
        }
    }

    private static Socket connect(String server, int family) throws IOException {
        LabPod pod = lab.pod(server);
        InetAddress address = InetAddress.getByName(family == 4 ? pod.ip4() : pod.ip6());
        return lab.pod("client").sockets().connect(address, PORT, TIMEOUT);
    }
}

package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.lab.demo.DemoCluster;
import io.culvert.lab.demo.HttpSession;
import io.culvert.lab.demo.SteadyTraffic;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers that send rubbish, the wrong TLS, or nothing: they are turned away, and a connection beside them never notices. */
@Tag("netns")
class BadPeersIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(DemoCluster.description(), LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        lab.lab().pods().stream()
                .filter(pod -> pod.namespace().equals("shop"))
                .forEach(pod -> cluster.awaitMeshed(pod, true));
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
            assertThat(beside.longest()).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void anOlderTlsIsTurnedAway() throws Exception {
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
    }

    @Test
    void aHandshakeThatNeverEndsIsEnded() throws Exception {
        try (SteadyTraffic beside = beside();
                Socket socket = lab.pod("billing")
                        .sockets()
                        .connect(InetAddress.getByName(lab.pod("front").ip4()), 15008, TIMEOUT)) {
            // The head of a ClientHello of 512 bytes, and nothing more.
            socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3});
            long start = System.nanoTime();
            assertThat(end(socket)).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(13));
            beside.awaitProgress(10, TIMEOUT);
        }
    }

    private static SteadyTraffic beside() throws IOException {
        return new SteadyTraffic(
                "beside",
                new HttpSession(
                        lab.pod("client").sockets(),
                        lab.lab().clusterIps("shop", "front").getFirst(),
                        80,
                        TIMEOUT));
    }

    /** How many bytes the port answers before it closes. */
    private static int answer(int port, byte[] question) {
        try (Socket socket = lab.pod("billing")
                .sockets()
                .connect(InetAddress.getByName(lab.pod("front").ip4()), port, TIMEOUT)) {
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

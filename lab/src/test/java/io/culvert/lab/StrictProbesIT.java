package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Probes of every kind under STRICT: they tell the app's state, and open the pod for nothing else of its node. */
@Tag("netns")
class StrictProbesIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(LabExtension.resource("mesh.yaml"), LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void applyProbes() {
        lab.lab().apply(LabExtension.resource("probes.yaml"));
        DemoCluster cluster = new DemoCluster(lab.lab());
        for (String pod : new String[] {"http", "grpc", "tcp", "exec"}) {
            cluster.awaitMeshed(lab.pod(pod), true);
        }
    }

    @Test
    void anHttpProbeTellsTheAppAndNothingElseOfTheNodePasses() throws Exception {
        LabPod pod = lab.pod("http");
        lab.lab().awaitReady(pod, false, TIMEOUT);
        try (PodServer server = new PodServer(pod, 8080, StrictProbesIT::http)) {
            lab.lab().awaitReady(pod, true, TIMEOUT);
            NamespaceSockets kubelet = pod.node().sockets();
            assertThat(kubelet.get(address(pod), 8080, "/healthz?full=1", Map.of(), TIMEOUT, 1000)
                            .body())
                    .isEqualTo("fine");
            assertThat(server.lastPeer()).isEqualTo(pod.node().address());
            for (String path : new String[] {"/", "/healthz", "/healthz?full=2", "/admin"}) {
                assertThatThrownBy(() -> kubelet.get(address(pod), 8080, path, Map.of(), TIMEOUT, 1000))
                        .as(path)
                        .isInstanceOf(IOException.class);
            }
            assertThatThrownBy(() -> lab.pod("outside")
                            .sockets()
                            .get(address(pod), 8080, "/healthz?full=1", Map.of(), TIMEOUT, 1000))
                    .as("a probe that does not come from the node")
                    .isInstanceOf(IOException.class);
        }
        lab.lab().awaitReady(pod, false, TIMEOUT);
    }

    @Test
    void aGrpcProbeTellsTheApp() throws Exception {
        LabPod pod = lab.pod("grpc");
        lab.lab().awaitReady(pod, false, TIMEOUT);
        try (GrpcHealthServer server = new GrpcHealthServer(pod, 9000)) {
            assertThat(server).isNotNull();
            lab.lab().awaitReady(pod, true, TIMEOUT);
        }
        lab.lab().awaitReady(pod, false, TIMEOUT);
    }

    @Test
    void aTcpProbeTellsTheAppAndIsForItsPortOnly() throws Exception {
        LabPod pod = lab.pod("tcp");
        lab.lab().awaitReady(pod, false, TIMEOUT);
        try (PodServer server = PodServer.echo(pod, 7000);
                PodServer second = PodServer.echo(pod, 7001)) {
            lab.lab().awaitReady(pod, true, TIMEOUT);
            assertThat(server.lastPeer()).isEqualTo(pod.node().address());
            assertThatThrownBy(() -> {
                        try (Socket socket = pod.node().sockets().connect(address(pod), 7001, TIMEOUT)) {
                            socket.getOutputStream().write(1);
                            if (socket.getInputStream().read() < 0) {
                                throw new IOException("closed");
                            }
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(second.lastPeer()).isNull();
        }
        lab.lab().awaitReady(pod, false, TIMEOUT);
    }

    @Test
    void anExecProbeTellsTheApp() {
        LabPod pod = lab.pod("exec");
        lab.lab().awaitReady(pod, true, TIMEOUT);
        pod.exec("rm", "/tmp/serving").orThrow();
        lab.lab().awaitReady(pod, false, TIMEOUT);
    }

    private static InetAddress address(LabPod pod) {
        try {
            return InetAddress.getByName(pod.ip4());
        } catch (IOException e) {
            throw new IllegalStateException(pod.ip4(), e);
        }
    }

    private static void http(Socket socket) throws IOException {
        StringBuilder request = new StringBuilder();
        while (!request.toString().endsWith("\r\n\r\n")) {
            int b = socket.getInputStream().read();
            if (b < 0) {
                return;
            }
            request.append((char) b);
        }
        socket.getOutputStream()
                .write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine"
                        .getBytes(StandardCharsets.US_ASCII));
    }
}

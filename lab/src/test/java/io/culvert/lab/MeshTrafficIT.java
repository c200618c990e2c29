package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.demo.DemoCluster;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connections of every manner through the mesh, to a pod of the same node and to one of another, by both families. */
@Tag("netns")
class MeshTrafficIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int PORT = 8080;

    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(LabExtension.resource("mesh.yaml"), LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void awaitMesh() {
        new DemoCluster(lab.lab()).awaitMesh("mesh");
    }

    @ParameterizedTest(name = "to the pod {0} by IPv{1}")
    @CsvSource({"near,4", "near,6", "far,4", "far,6"})
    void aServerThatSpeaksFirstIsHeard(String server, int family) throws Exception {
        try (PodServer greeting = new PodServer(lab.pod(server), PORT, s -> {
                    s.getOutputStream().write("220 ready\r\n".getBytes(StandardCharsets.US_ASCII));
                    s.getInputStream().transferTo(s.getOutputStream());
                });
                Socket socket = connect(server, family)) {
            assertThat(new String(socket.getInputStream().readNBytes(11), StandardCharsets.US_ASCII))
                    .isEqualTo("220 ready\r\n");
            assertThat(greeting.lastPeer()).isEqualTo(client(family));
        }
    }

    @ParameterizedTest(name = "to the pod {0} by IPv{1}")
    @CsvSource({"near,4", "near,6", "far,4", "far,6"})
    void aClientThatHalfClosesGetsItsWholeAnswer(String server, int family) throws Exception {
        byte[] question = random(3_000_000);
        try (PodServer reverse = new PodServer(lab.pod(server), PORT, s -> {
                    byte[] all = s.getInputStream().readAllBytes();
                    s.getOutputStream().write(all);
                });
                Socket socket = connect(server, family)) {
            socket.getOutputStream().write(question);
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo(question);
            assertThat(reverse.lastPeer()).isEqualTo(client(family));
        }
    }

    @ParameterizedTest(name = "to the pod {0} by IPv{1}")
    @CsvSource({"near,4", "far,4", "far,6"})
    void aServerThatHalfClosesStillGetsEverything(String server, int family) throws Exception {
        byte[] late = random(2_000_000);
        CompletableFuture<byte[]> received = new CompletableFuture<>();
        try (PodServer silent = new PodServer(lab.pod(server), PORT, s -> {
                    s.shutdownOutput();
                    received.complete(s.getInputStream().readAllBytes());
                });
                Socket socket = connect(server, family)) {
            assertThat(socket.getInputStream().read())
                    .as("end of the server's side")
                    .isEqualTo(-1);
            socket.getOutputStream().write(late);
            socket.shutdownOutput();
            assertThat(received.get(10, TimeUnit.SECONDS)).isEqualTo(late);
            assertThat(silent.lastPeer()).isEqualTo(client(family));
        }
    }

    @ParameterizedTest(name = "by the pod {0}")
    @CsvSource({"near", "far"})
    void aResetIsAResetAndNoEnd(String server) throws Exception {
        try (PodServer rude = new PodServer(lab.pod(server), PORT, s -> {
                    new DataInputStream(s.getInputStream()).readInt();
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

    @ParameterizedTest(name = "to the pod {0} by IPv{1}")
    @CsvSource({"near,4", "near,6", "far,4", "far,6"})
    void manyConnectionsAtOnceEachKeepTheirBytes(String server, int family) throws Exception {
        try (PodServer echo = PodServer.echo(lab.pod(server), PORT)) {
            Socket[] sockets = new Socket[60];
            byte[][] sent = new byte[sockets.length][];
            for (int i = 0; i < sockets.length; i++) {
                sockets[i] = connect(server, family);
                sent[i] = random(20_000 + i);
                sockets[i].getOutputStream().write(sent[i]);
            }
            for (int i = 0; i < sockets.length; i++) {
                assertThat(sockets[i].getInputStream().readNBytes(sent[i].length))
                        .isEqualTo(sent[i]);
                sockets[i].close();
            }
            assertThat(echo.lastPeer()).isEqualTo(client(family));
        }
    }

    @Test
    void aServiceAddressReachesThePod() throws Exception {
        try (PodServer echo = PodServer.echo(lab.pod("far"), PORT)) {
            for (String address : lab.lab().clusterIps("mesh", "far")) {
                try (Socket socket = lab.pod("client").sockets().connect(InetAddress.getByName(address), 80, TIMEOUT)) {
                    roundTrip(socket);
                }
            }
            assertThat(echo.lastPeer()).isEqualTo(lab.pod("client").ip6());
        }
    }

    @Test
    void aPodReachesItselfByAddressAndByService() throws Exception {
        LabPod far = lab.pod("far");
        try (PodServer echo = PodServer.echo(far, PORT)) {
            try (Socket socket = far.sockets().connect(InetAddress.getByName(far.ip4()), PORT, TIMEOUT)) {
                roundTrip(socket);
            }
            String service = lab.lab().clusterIps("mesh", "far").getFirst();
            try (Socket socket = far.sockets().connect(InetAddress.getByName(service), 80, TIMEOUT)) {
                roundTrip(socket);
            }
            assertThat(echo.lastPeer()).isNotNull();
        }
    }

    @ParameterizedTest(name = "by IPv{0}")
    @CsvSource({"4", "6"})
    void podsInAndOutsideTheMeshReachEachOther(int family) throws Exception {
        LabPod outside = lab.pod("outside");
        LabPod client = lab.pod("client");
        try (PodServer out = PodServer.echo(outside, PORT);
                PodServer in = PodServer.echo(client, PORT)) {
            try (Socket socket = client.sockets().connect(address(outside, family), PORT, TIMEOUT)) {
                roundTrip(socket);
            }
            try (Socket socket = outside.sockets().connect(address(client, family), PORT, TIMEOUT)) {
                roundTrip(socket);
            }
            assertThat(out.lastPeer()).isEqualTo(client(family));
            assertThat(in.lastPeer()).isEqualTo(family == 4 ? outside.ip4() : outside.ip6());
        }
    }

    /**
     * Connections in plaintext arrive in the client's name from a port that the mesh chooses. Here the client already
     * has connections to the pod from the very ports that are next.
     */
    @Test
    void aPortThatTheClientHasInUseTowardsThePodIsPassedOver() throws Exception {
        LabPod outside = lab.pod("outside");
        Netns client = new Netns(outside.networkNamespace().getFileName().toString());
        String range = client.shell("cat /proc/sys/net/ipv4/ip_local_port_range");
        Queue<Integer> seen = new LinkedBlockingQueue<>();
        List<Socket> held = new ArrayList<>();
        try (PodServer echo = new PodServer(lab.pod("far"), PORT, socket -> {
            seen.add(socket.getPort());
            socket.getInputStream().transferTo(socket.getOutputStream());
        })) {
            int last = chosenPort(outside, seen, held);
            while (last + 120 > 65535 || (last < 32768 && last + 120 > 32767)) {
                last = chosenPort(outside, seen, held);
            }
            // The ports from last + 50 on, nearly all of them: the mesh comes to them while it serves what follows.
            client.shell("echo %d %d > /proc/sys/net/ipv4/ip_local_port_range".formatted(last + 50, last + 90));
            Set<Integer> own = new HashSet<>();
            for (int i = 0; i < 38; i++) {
                chosenPort(outside, seen, held);
                own.add(held.getLast().getLocalPort());
            }
            assertThat(own).hasSize(38).allMatch(inRange(last + 50, last + 90));
            client.shell("echo %s > /proc/sys/net/ipv4/ip_local_port_range".formatted(range.strip()));
            Set<Integer> chosen = new HashSet<>();
            for (int i = 0; i < 40; i++) {
                chosen.add(chosenPort(outside, seen, held));
            }
            assertThat(chosen).hasSize(40).doesNotContainAnyElementsOf(own);
            assertThat(chosen).as("the mesh has passed the client's ports").anyMatch(inRange(last + 91, last + 120));
            for (Socket socket : held) {
                roundTrip(socket);
            }
            assertThat(echo.lastPeer()).isEqualTo(outside.ip4());
        } finally {
            client.shell("echo %s > /proc/sys/net/ipv4/ip_local_port_range".formatted(range.strip()));
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    @ParameterizedTest(name = "to the pod {0} by IPv{1}")
    @CsvSource({"near,4", "near,6", "far,4", "far,6", "outside,4"})
    void datagramsPassUntouched(String server, int family) throws Exception {
        LabPod client = lab.pod("client");
        try (DatagramChannel there = datagrams(lab.pod(server));
                DatagramChannel here = datagrams(client)) {
            there.bind(new InetSocketAddress("::", PORT));
            here.bind(new InetSocketAddress("::", 0));
            int port = ((InetSocketAddress) here.getLocalAddress()).getPort();
            byte[] sent = random(1200);
            here.send(ByteBuffer.wrap(sent), new InetSocketAddress(address(lab.pod(server), family), PORT));
            DatagramPacket question = receive(there);
            assertThat(Cidr.text(question.getAddress())).isEqualTo(client(family));
            assertThat(question.getPort()).isEqualTo(port);
            assertThat(content(question)).isEqualTo(sent);
            there.send(ByteBuffer.wrap(sent), question.getSocketAddress());
            DatagramPacket answer = receive(here);
            assertThat(Cidr.text(answer.getAddress())).isEqualTo(Cidr.text(address(lab.pod(server), family)));
            assertThat(content(answer)).isEqualTo(sent);
        }
    }

    @Test
    void aPortThatNobodyServesRefuses() {
        for (String server : new String[] {"near", "far", "outside"}) {
            assertThatThrownBy(() -> {
                        try (Socket socket = connect(server, 4)) {
                            socket.getInputStream().read();
                        }
                    })
                    .as(server)
                    .isInstanceOf(IOException.class);
        }
    }

    private static Socket connect(String server, int family) throws IOException {
        return lab.pod("client").sockets().connect(address(lab.pod(server), family), PORT, TIMEOUT);
    }

    private static InetAddress address(LabPod pod, int family) throws IOException {
        return InetAddress.getByName(family == 4 ? pod.ip4() : pod.ip6());
    }

    private static String client(int family) {
        return family == 4 ? lab.pod("client").ip4() : lab.pod("client").ip6();
    }

    private static void roundTrip(Socket socket) throws IOException {
        byte[] bytes = random(5000);
        socket.getOutputStream().write(bytes);
        assertThat(socket.getInputStream().readNBytes(bytes.length)).isEqualTo(bytes);
    }

    /** Opens another connection of {@code client} to the pod far and tells the port that the pod sees. */
    private static int chosenPort(LabPod client, Queue<Integer> seen, List<Socket> held) throws IOException {
        Socket socket = client.sockets().connect(address(lab.pod("far"), 4), PORT, TIMEOUT);
        held.add(socket);
        roundTrip(socket);
        return seen.remove();
    }

    private static Predicate<Integer> inRange(int first, int last) {
        return port -> port >= first && port <= last;
    }

    private static DatagramChannel datagrams(LabPod pod) {
        return pod.sockets().namespace().construct(() -> {
            try {
                return DatagramChannel.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static DatagramPacket receive(DatagramChannel channel) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
        channel.socket().setSoTimeout(Math.toIntExact(TIMEOUT.toMillis()));
        channel.socket().receive(packet);
        return packet;
    }

    private static byte[] content(DatagramPacket packet) {
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}

package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The CNI protocol over the real socket and a real controller; what it does to pods is played. */
class CniSocketTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    private final Fakes fakes = new Fakes();
    private final ThreadScheduler scheduler = new ThreadScheduler(2);

    @SuppressWarnings("NullAway.Init")
    private CaptureController controller;

    @SuppressWarnings("NullAway.Init")
    private CniSocket socket;

    @BeforeEach
    void open() throws IOException {
        CaptureSettings settings = new CaptureSettings(
                directory,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(30),
                Duration.ofSeconds(1),
                Duration.ofMillis(700),
                Set.of());
        controller = new CaptureController(
                settings,
                scheduler,
                fakes.backend,
                fakes.proxy,
                fakes.directory,
                fakes.reporter,
                fakes.namespaces,
                new PodCgroups(null, directory, "/"));
        controller.start();
        socket = CniSocket.open(directory.resolve("run/cni.sock"), controller, Duration.ofMillis(500));
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        controller.close();
        scheduler.close();
    }

    @Test
    void enrolsOnAddAndPassesThePreviousResultOn() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        JsonNode answer = call(request("ADD", "a", "c1", "\"1.0.0\""));
        assertThat(answer.path("ips").path(0).path("address").asText()).isEqualTo("10.0.0.7/24");
        assertThat(answer.path("cniVersion").asText()).isEqualTo("1.0.0");
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED");
        assertThat(call(request("CHECK", "a", "c1", "\"1.0.0\""))).isEmpty();
        assertThat(call(request("ADD", "a", "c1", "\"1.0.0\"")).has("code")).isFalse();
        assertThat(call(request("DEL", "a", "c1", "\"1.0.0\""))).isEmpty();
        assertThat(call(request("DEL", "a", "c1", "\"1.0.0\""))).isEmpty();
        assertThat(call(request("CHECK", "a", "c1", "\"1.0.0\"")).path("code").asInt())
                .isEqualTo(101);
    }

    @Test
    void letsPodsPassThatAreNotOptedIn() throws Exception {
        fakes.directory.put(Fakes.pod("a", false));
        assertThat(call(request("ADD", "a", "c1", "\"0.3.1\"")).has("ips")).isTrue();
        assertThat(fakes.log).doesNotContain("apply");
    }

    @Test
    void holdsAPodThatTheControlPlaneDoesNotKnow() throws Exception {
        JsonNode answer = call(request("ADD", "a", "c1", "\"1.1.0\""));
        assertThat(answer.path("code").asInt()).isEqualTo(11);
        assertThat(answer.path("msg").asText()).contains("pod ns/a", "waiting for the control plane");
        assertThat(answer.path("details").asText()).contains("culvert status");
    }

    @Test
    void saysWhyAPodCannotBeCaptured() throws Exception {
        fakes.backend.refusal = "nft refused the rules";
        fakes.directory.put(Fakes.pod("a", true));
        JsonNode answer = call(request("ADD", "a", "c1", "\"1.1.0\""));
        assertThat(answer.path("code").asInt()).isEqualTo(100);
        assertThat(answer.path("msg").asText()).contains("ns/a", "nft refused the rules");
        assertThat(answer.path("cniVersion").asText()).isEqualTo("1.1.0");
    }

    @Test
    void collectsSandboxesThatTheRuntimeDoesNotNameAndAnswersStatusAndVersion() throws Exception {
        fakes.directory.put(Fakes.pod("a", false));
        assertThat(call(request("ADD", "a", "c1", "\"1.1.0\"")).has("code")).isFalse();
        assertThat(call("{\"env\":{\"CNI_COMMAND\":\"GC\"},\"config\":{}}")
                        .path("code")
                        .asInt())
                .isEqualTo(6);
        assertThat(controller.status()).hasSize(1);
        assertThat(call("{\"env\":{\"CNI_COMMAND\":\"GC\"},\"config\":{\"cni.dev/valid-attachments\":[]}}"))
                .isEmpty();
        assertThat(call("{\"env\":{\"CNI_COMMAND\":\"STATUS\"},\"config\":{}}")).isEmpty();
        assertThat(call("{\"env\":{\"CNI_COMMAND\":\"VERSION\"},\"config\":{}}").path("supportedVersions"))
                .hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "not json",
                "",
                "[]",
                "{\"env\": 7}",
                "{\"env\": {\"CNI_COMMAND\": \"EXPLODE\"}}",
                "{\"env\": {\"CNI_COMMAND\": \"ADD\"}, \"config\": {}}",
                "{\"env\": {\"CNI_COMMAND\": \"ADD\", \"CNI_NETNS\": \"/nowhere\"}, \"config\": {}}",
                "{\"env\": {\"CNI_COMMAND\": \"ADD\"}, \"config\": {\"cniVersion\": \"9.0.0\"}}",
                "{\"env\": {\"CNI_COMMAND\": \"CHECK\"}, \"config\": {}}"
            })
    void answersNonsenseWithAnErrorObjectAndGoesOn(String nonsense) throws Exception {
        JsonNode answer = call(nonsense);
        assertThat(answer.path("code").asInt()).isPositive();
        assertThat(answer.path("msg").asText()).startsWith("culvert: ");
        assertThat(answer.path("details").asText()).isNotEmpty();
        assertThat(call("{\"env\":{\"CNI_COMMAND\":\"STATUS\"},\"config\":{}}")).isEmpty();
    }

    @Test
    void refusesCallsThatAreTooLarge() throws Exception {
        assertThat(call("\"" + "x".repeat(1 << 20) + "\"").path("msg").asText()).contains("1 MiB");
    }

    @Test
    void hangsUpOnACallerThatNeverFinishesItsCall() throws Exception {
        try (SocketChannel slow = connect()) {
            var _ = slow.write(ByteBuffer.wrap("{".getBytes(StandardCharsets.UTF_8)));
            assertThat(slow.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void takesManyCallsAtATime() throws Exception {
        fakes.directory.put(Fakes.pod("a", false));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture<?>[] calls = new CompletableFuture<?>[40];
            for (int i = 0; i < calls.length; i++) {
                calls[i] = CompletableFuture.runAsync(
                        () -> {
                            try {
                                assertThat(call(request("ADD", "a", "c1", "\"1.0.0\""))
                                                .has("code"))
                                        .isFalse();
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        },
                        threads);
            }
            CompletableFuture.allOf(calls).join();
        }
    }

    @Test
    void replacesTheSocketOfAFormerAgentAndIsForRootOnly() throws Exception {
        Path path = directory.resolve("run/cni.sock");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-------");
        try (CniSocket next = CniSocket.open(path, controller)) {
            assertThat(next).isNotNull();
            assertThat(call("{\"env\":{\"CNI_COMMAND\":\"STATUS\"},\"config\":{}}"))
                    .isEmpty();
        }
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> CniSocket.open(file.resolve("sock"), controller))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString());
    }

    private static String request(String command, String pod, String container, String version) {
        return """
                {"env": {"CNI_COMMAND": "%s", "CNI_CONTAINERID": "%s", "CNI_NETNS": "/proc/self/ns/net",
                 "CNI_IFNAME": "eth0", "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=%s"},
                 "config": {"cniVersion": %s, "name": "net", "type": "culvert-cni",
                 "prevResult": {"cniVersion": %s, "ips": [{"address": "10.0.0.7/24"}]}}}
                """.formatted(command, container, pod, version, version);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(directory.resolve("run/cni.sock")));
        return channel;
    }

    private JsonNode call(String request) throws IOException {
        try (SocketChannel channel = connect()) {
            ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8));
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.shutdownOutput();
            } catch (IOException e) {
                // It has answered without reading all of it.
            }
            return JSON.readTree(Channels.newInputStream(channel).readAllBytes());
        }
    }
}

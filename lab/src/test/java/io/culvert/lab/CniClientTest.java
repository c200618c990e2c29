package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CniClientTest {
    private static final CniClient.Attachment POD = new CniClient.Attachment(
            "shop",
            "web",
            "uid-1",
            "sandbox-1",
            Path.of("/run/netns/x"),
            List.of("10.244.1.2", "fd00::2"),
            List.of("10.244.1.1", "fd00::1"));

    @TempDir
    private Path directory;

    @Test
    void sendsWhatARuntimeSendsToAChainedPlugin() throws Exception {
        String request = exchange("{\"cniVersion\":\"1.0.0\",\"ips\":[]}");
        assertThat(request)
                .contains("\"CNI_COMMAND\":\"ADD\"")
                .contains("\"CNI_NETNS\":\"/run/netns/x\"")
                .contains(
                        "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=sandbox-1;K8S_POD_UID=uid-1")
                .contains("{\"address\":\"10.244.1.2/32\",\"gateway\":\"10.244.1.1\",\"interface\":0}")
                .contains("{\"address\":\"fd00::2/128\",\"gateway\":\"fd00::1\",\"interface\":0}");
    }

    @Test
    void anErrorResultIsAnErrorThatShowsIt() {
        assertThatThrownBy(() ->
                        exchange("{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"try again\",\"details\":\"d\"}"))
                .isInstanceOf(IOException.class)
                .hasMessage("ADD of shop/web failed with CNI code 11: try again; d");
        assertThatThrownBy(() -> exchange("")).hasMessageContaining("without an answer");
        assertThatThrownBy(() -> exchange("{")).hasMessageContaining("not JSON");
    }

    /** Runs an ADD against an agent that answers {@code answer}; returns the request. */
    private String exchange(String answer) throws Exception {
        Path socket = directory.resolve(Integer.toHexString(answer.hashCode()));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            CompletableFuture<String> request = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try (SocketChannel channel = server.accept()) {
                    String text = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
                    channel.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
                    request.complete(text);
                } catch (IOException e) {
                    request.completeExceptionally(e);
                }
            });
            new CniClient(socket).add(POD);
            return request.get();
        }
    }
}

package io.culvert.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Calls the agent of a node as a CNI plugin that forwards its environment and standard input would (CNI specification
 * 1.0.0, section 4; the plugin is chained, so it gets the previous result).
 */
final class CniClient {
    /** What kubelet and runtime know of the pod being attached. Immutable. */
    record Attachment(
            String namespace,
            String name,
            String uid,
            String containerId,
            Path netns,
            List<String> ips,
            List<String> gateways) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Path socket;

    CniClient(Path socket) {
        this.socket = socket;
    }

    /** Announces a pod whose network is made and whose processes are not started yet; an error result is an error. */
    void add(Attachment pod) throws IOException {
        call("ADD", pod);
    }

    /** Tells that the pod goes. */
    void del(Attachment pod) throws IOException {
        call("DEL", pod);
    }

    private void call(String verb, Attachment pod) throws IOException {
        String answer = exchange(request(verb, pod).toString());
        if (answer.isBlank()) {
            if (verb.equals("ADD")) {
                throw new IOException("the agent closed " + socket + " without an answer");
            }
            return;
        }
        JsonNode result;
        try {
            result = JSON.readTree(answer);
        } catch (JsonProcessingException e) {
            throw new IOException("the agent's answer is not JSON: " + answer, e);
        }
        if (result.has("code")) {
            throw new IOException(verb + " of " + pod.namespace() + "/" + pod.name() + " failed with CNI code "
                    + result.get("code").asInt() + ": " + result.path("msg").asText() + "; "
                    + result.path("details").asText());
        }
    }

    static ObjectNode request(String verb, Attachment pod) {
        ObjectNode request = JSON.createObjectNode();
        request.putObject("env")
                .put("CNI_COMMAND", verb)
                .put("CNI_CONTAINERID", pod.containerId())
                .put("CNI_NETNS", pod.netns().toString())
                .put("CNI_IFNAME", "eth0")
                .put("CNI_PATH", "/opt/cni/bin")
                .put(
                        "CNI_ARGS",
                        "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + pod.namespace() + ";K8S_POD_NAME=" + pod.name()
                                + ";K8S_POD_INFRA_CONTAINER_ID=" + pod.containerId() + ";K8S_POD_UID=" + pod.uid());
        ObjectNode config = request.putObject("config")
                .put("cniVersion", "1.0.0")
                .put("name", "lab")
                .put("type", "culvert");
        ObjectNode previous = config.putObject("prevResult").put("cniVersion", "1.0.0");
        previous.putArray("interfaces")
                .addObject()
                .put("name", "eth0")
                .put("sandbox", pod.netns().toString());
        var ips = previous.putArray("ips");
        var routes = previous.putArray("routes");
        for (int i = 0; i < pod.ips().size(); i++) {
            boolean v6 = pod.ips().get(i).contains(":");
            ips.addObject()
                    .put("address", pod.ips().get(i) + (v6 ? "/128" : "/32"))
                    .put("gateway", pod.gateways().get(i))
                    .put("interface", 0);
            routes.addObject().put("dst", v6 ? "::/0" : "0.0.0.0/0");
        }
        previous.putObject("dns");
        return request;
    }

    private String exchange(String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            // Blocking reads of Unix sockets have no timeout of their own: closing the channel ends them.
            CompletableFuture<?> watchdog = CompletableFuture.runAsync(
                    () -> close(channel), CompletableFuture.delayedExecutor(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
            try {
                ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.shutdownOutput();
                return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            } finally {
                watchdog.cancel(false);
            }
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // The reader sees it closed either way.
        }
    }
}

package io.culvert.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Asks the admin port of one agent, if need be inside the network namespace in which that listens. */
final class AdminClient {
    private static final int TIMEOUT_MILLIS = 5_000;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String name;
    private final @Nullable Path networkNamespace;
    private final InetSocketAddress address;

    private AdminClient(String name, @Nullable Path networkNamespace, InetSocketAddress address) {
        this.name = name;
        this.networkNamespace = networkNamespace;
        this.address = address;
    }

    /** By address: {@code http://HOST:PORT}, or {@code HOST:PORT}. */
    static AdminClient at(String url) {
        URI uri = URI.create(url.contains("://") ? url : "http://" + url);
        if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException("\"" + url + "\" is no admin address: write it as http://HOST:PORT");
        }
        int port = uri.getPort() < 0 ? AgentConfig.ADMIN_PORT : uri.getPort();
        return new AdminClient(url, null, new InetSocketAddress(uri.getHost(), port));
    }

    static AdminClient of(RunningAgents.Entry entry) {
        return new AdminClient(
                entry.node(),
                entry.networkNamespace(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), entry.adminPort()));
    }

    String name() {
        return name;
    }

    /** The JSON at {@code path}. */
    JsonNode get(String path) throws IOException {
        byte[] answer;
        try (SocketChannel channel = open()) {
            Socket socket = channel.socket();
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(address, TIMEOUT_MILLIS);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            answer = socket.getInputStream().readAllBytes();
        } catch (IOException | UncheckedIOException e) {
            throw new IOException(
                    "the agent of " + name + " does not answer on its admin port " + address.getPort() + ": "
                            + e.getMessage() + " (is it running?)",
                    e);
        }
        int end = headerEnd(answer);
        String status = new String(answer, 0, Math.min(answer.length, 16), StandardCharsets.US_ASCII);
        if (end < 0 || !status.contains(" 200")) {
            throw new IOException("the agent of " + name + " answers \"" + status.strip() + "\" to " + path);
        }
        return MAPPER.readTree(answer, end, answer.length - end);
    }

    private SocketChannel open() throws IOException {
        // Also initialises every class that the construction inside a namespace needs.
        SocketChannel here = SocketChannel.open();
        if (networkNamespace == null) {
            return here;
        }
        here.close();
        try (NetworkNamespace namespace = NetworkNamespace.open(networkNamespace)) {
            return namespace.construct(AdminClient::newChannel);
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static SocketChannel newChannel() {
        try {
            return SocketChannel.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int headerEnd(byte[] answer) {
        for (int i = 0; i + 3 < answer.length; i++) {
            if (answer[i] == '\r' && answer[i + 1] == '\n' && answer[i + 2] == '\r' && answer[i + 3] == '\n') {
                return i + 4;
            }
        }
        return -1;
    }
}

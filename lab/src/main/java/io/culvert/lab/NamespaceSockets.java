package io.culvert.lab;

import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/**
 * Sockets of this process inside a network namespace of the lab: what a process there would have. A kubelet's probes, a
 * measuring client or server in a pod. Platform threads.
 */
public final class NamespaceSockets implements AutoCloseable {
    /** What an HTTP server answered. Immutable. */
    public record HttpAnswer(int status, String body) {}

    private static final int BACKLOG = 1024;

    private final NetworkNamespace namespace;

    NamespaceSockets(Netns netns) {
        try {
            this.namespace = NetworkNamespace.open(netns.path());
        } catch (IOException e) {
            throw new LabException("cannot open " + netns.path(), e);
        }
    }

    NetworkNamespace namespace() {
        return namespace;
    }

    /** A connected socket whose reads end after {@code timeout}, too. */
    public Socket connect(InetAddress address, int port, Duration timeout) throws IOException {
        boolean v6 = address.getAddress().length == 16;
        SocketChannel channel = open(v6);
        try {
            Socket socket = channel.socket();
            socket.connect(new InetSocketAddress(address, port), Math.toIntExact(timeout.toMillis()));
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
            return socket;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** A listening socket on {@code port} of every address; accepted sockets are in the namespace as well. */
    public ServerSocketChannel listen(int port) throws IOException {
        ServerSocketChannel channel = namespace.construct(() -> {
            try {
                return ServerSocketChannel.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try {
            channel.bind(new InetSocketAddress("::", port), BACKLOG);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** An unconnected channel for {@code address}'s family. */
    public SocketChannel channel(InetAddress address) {
        return open(address.getAddress().length == 16);
    }

    /** GET over a connection of its own; the body is cut at {@code limit} bytes, as kubelet does. */
    public HttpAnswer get(
            InetAddress address, int port, String path, Map<String, String> headers, Duration timeout, int limit)
            throws IOException {
        return request("GET", address, port, path, headers, timeout, limit);
    }

    public HttpAnswer request(
            String method,
            InetAddress address,
            int port,
            String path,
            Map<String, String> headers,
            Duration timeout,
            int limit)
            throws IOException {
        try (Socket socket = connect(address, port, timeout)) {
            StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
            if (headers.keySet().stream().noneMatch("Host"::equalsIgnoreCase)) {
                String host = address.getHostAddress();
                request.append("Host: ").append(host.contains(":") ? "[" + host + "]" : host);
                request.append(":").append(port).append("\r\n");
            }
            headers.forEach((name, value) ->
                    request.append(name).append(": ").append(value).append("\r\n"));
            request.append("Connection: close\r\n\r\n");
            socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
            return parse(socket.getInputStream(), limit);
        }
    }

    @Override
    public void close() {
        namespace.close();
    }

    private SocketChannel open(boolean v6) {
        return namespace.construct(() -> {
            try {
                return SocketChannel.open(v6 ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static HttpAnswer parse(InputStream stream, int limit) throws IOException {
        String text = new String(stream.readNBytes(limit), StandardCharsets.ISO_8859_1);
        String[] parts = text.split("\r\n\r\n", 2);
        String[] status = parts[0].split("\r\n", 2)[0].split(" ", 3);
        if (status.length < 2 || !status[0].startsWith("HTTP/1.") || !status[1].matches("\\d{3}")) {
            throw new IOException("the answer is not HTTP: " + text.substring(0, Math.min(40, text.length())));
        }
        String body = parts.length == 2 ? parts[1] : "";
        boolean chunked = parts[0].toLowerCase(Locale.ROOT).contains("\r\ntransfer-encoding: chunked");
        byte[] bytes = (chunked ? joined(body) : body).getBytes(StandardCharsets.ISO_8859_1);
        return new HttpAnswer(Integer.parseInt(status[1]), new String(bytes, StandardCharsets.UTF_8));
    }

    /** The chunks of a body (RFC 9112, section 7.1) without their sizes; what is cut off is left out. */
    private static String joined(String chunks) {
        StringBuilder body = new StringBuilder();
        int at = 0;
        while (true) {
            int end = chunks.indexOf("\r\n", at);
            if (end < 0) {
                return body.toString();
            }
            int size =
                    Integer.parseInt(chunks.substring(at, end).split(";", 2)[0].strip(), 16);
            if (size == 0) {
                return body.toString();
            }
            at = end + 2;
            body.append(chunks, at, Math.min(chunks.length(), at + size));
            at += size + 2;
            if (at > chunks.length()) {
                return body.toString();
            }
        }
    }
}

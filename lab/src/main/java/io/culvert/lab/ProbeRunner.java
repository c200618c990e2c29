package io.culvert.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Asks a pod once, from its node, as kubelet does. Platform threads. */
final class ProbeRunner {
    /** What a probe found; {@code detail} says why it failed. Immutable. */
    record Outcome(boolean success, String detail) {}

    private static final int BODY_LIMIT = 10 * 1024;

    private final NamespaceSockets sockets;

    ProbeRunner(NamespaceSockets sockets) {
        this.sockets = sockets;
    }

    /** Runs {@code probe} against {@code address}; commands run in {@code container} through {@code sandbox}. */
    Outcome run(ProbeSpec probe, InetAddress address, Sandbox sandbox, ContainerSpec container) {
        Duration timeout = probe.timeout();
        try {
            return switch (probe.action()) {
                case ProbeSpec.Action.Http http -> http(http, address, timeout);
                case ProbeSpec.Action.Tcp tcp -> tcp(tcp.port(), address, timeout);
                case ProbeSpec.Action.Grpc call ->
                    GrpcHealth.check(sockets, address, call.port(), call.service(), timeout);
                case ProbeSpec.Action.Exec exec -> exec(sandbox.enter(container, exec.command()), timeout);
            };
        } catch (IOException | UncheckedIOException e) {
            return new Outcome(false, e.toString());
        }
    }

    private Outcome http(ProbeSpec.Action.Http http, InetAddress address, Duration timeout) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>(http.headers());
        headers.putIfAbsent("User-Agent", "kube-probe/1.34");
        headers.putIfAbsent("Accept", "*/*");
        int status = sockets.get(address, http.port(), http.path(), headers, timeout, BODY_LIMIT)
                .status();
        return new Outcome(status >= 200 && status < 400, "HTTP status " + status);
    }

    private Outcome tcp(int port, InetAddress address, Duration timeout) throws IOException {
        try (Socket socket = sockets.connect(address, port, timeout)) {
            return new Outcome(socket.isConnected(), "connected");
        }
    }

    private static Outcome exec(List<String> command, Duration timeout) {
        ExecResult result = Command.attempt(command, "", timeout);
        return new Outcome(
                result.ok(), "status " + result.exit() + " " + result.err().strip());
    }
}

package io.culvert.lab;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A server of the test inside a pod: a thread for each connection. */
final class PodServer implements AutoCloseable {
    /** Serves one connection, which is closed afterwards. */
    @FunctionalInterface
    interface Handler {
        void serve(Socket socket) throws IOException;
    }

    private final ServerSocketChannel server;
    private final Thread acceptor;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable String> peer = new AtomicReference<>();

    PodServer(LabPod pod, int port, Handler handler) throws IOException {
        this.server = pod.sockets().listen(port);
        this.acceptor =
                Thread.ofPlatform().daemon().name("server-" + pod.name()).start(() -> accept(handler));
    }

    /** A server that sends back what it gets until the end of input. */
    static PodServer echo(LabPod pod, int port) throws IOException {
        return new PodServer(pod, port, socket -> socket.getInputStream().transferTo(socket.getOutputStream()));
    }

    /** The address that the last connection came from. */
    @Nullable
    String lastPeer() {
        return peer.get();
    }

    @Override
    public void close() throws IOException {
        server.close();
        // The kernel keeps the port for as long as a thread is still in its accept.
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Socket socket : open) {
            socket.close();
        }
    }

    private void accept(Handler handler) {
        while (true) {
            Socket socket;
            try {
                socket = server.accept().socket();
            } catch (IOException e) {
                return;
            }
            peer.set(Cidr.text(socket.getInetAddress()));
            open.add(socket);
            Thread.ofPlatform().daemon().start(() -> {
                try (socket) {
                    handler.serve(socket);
                } catch (IOException e) {
                    // The client's end of the test has the verdict.
                } finally {
                    open.remove(socket);
                }
            });
        }
    }
}

package io.culvert.ztunnel;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** An app in a pod: says back what it hears, and who it saw. */
final class EchoApp implements AutoCloseable {
    final BlockingQueue<InetSocketAddress> peers = new LinkedBlockingQueue<>();
    private final ServerSocketChannel listener;

    EchoApp(ServerSocketChannel listener) {
        this.listener = listener;
        Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept().socket();
                peers.add((InetSocketAddress) socket.getRemoteSocketAddress());
                Thread.ofVirtual().start(() -> echo(socket));
            }
        } catch (IOException e) {
            // Closed: the test is over.
            return;
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            in.transferTo(socket.getOutputStream());
        } catch (IOException e) {
            // The client reset it: nothing is left to do.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}

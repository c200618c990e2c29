package io.culvert.ztunnel;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** An app in a pod: says back what it hears, and who it saw. */
final class EchoApp implements AutoCloseable {
    final BlockingQueue<InetSocketAddress> peers = new LinkedBlockingQueue<>();
    private final ServerSocketChannel listener;

    private FileInputStream spare;

    EchoApp(ServerSocketChannel listener) throws IOException {
        this.listener = listener;
        this.spare = new FileInputStream("/dev/null");
        Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                Socket socket = listener.accept().socket();
                peers.add((InetSocketAddress) socket.getRemoteSocketAddress());
                Thread.ofVirtual().start(() -> echo(socket));
            } catch (IOException e) {
                // Closed: the test is over. Or the process, which is the proxy's too, has no descriptor left.
                refuse();
            }
        }
    }

    /** Resets the next connection with the descriptor that was kept for this. */
    private void refuse() {
        try {
            spare.close();
            if (listener.isOpen()) {
                try (SocketChannel refused = listener.accept()) {
                    refused.setOption(StandardSocketOptions.SO_LINGER, 0);
                }
                spare = new FileInputStream("/dev/null");
            }
        } catch (IOException e) {
            // Others were faster; accept(2) says it again.
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
        spare.close();
    }
}

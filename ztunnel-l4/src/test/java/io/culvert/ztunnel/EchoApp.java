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
                serve(listener.accept().socket());
            } catch (IOException e) {
                // Closed: the test is over. Or the process, which is the proxy's too, has no descriptor left.
                refuse();
            }
        }
    }

    private void serve(Socket socket) {
        peers.add((InetSocketAddress) socket.getRemoteSocketAddress());
        Thread.ofVirtual().start(() -> echo(socket));
    }

    /** Resets the next connection with the descriptor that was kept for this, or serves it if there are some again. */
    private void refuse() {
        try {
            spare.close();
            SocketChannel next = listener.accept();
            try {
                spare = new FileInputStream("/dev/null");
            } catch (IOException e) {
                next.setOption(StandardSocketOptions.SO_LINGER, 0);
                next.close();
                spare = new FileInputStream("/dev/null");
                return;
            }
            serve(next.socket());
        } catch (IOException e) {
            // Closed, or others were faster; accept(2) says it again.
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

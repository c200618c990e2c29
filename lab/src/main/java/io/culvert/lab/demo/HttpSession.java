package io.culvert.lab.demo;

import io.culvert.lab.NamespaceSockets;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/** An HTTP/1.1 connection that stays open, to a server whose /echo answers with its query. */
public final class HttpSession implements Session {
    private final Socket socket;
    private final InputStream input;
    private final long connectNanos;

    /** Connects; answers must come within {@code timeout}. */
    public HttpSession(NamespaceSockets sockets, String address, int port, Duration timeout) throws IOException {
        InetAddress target = InetAddress.getByName(address);
        long start = System.nanoTime();
        this.socket = sockets.connect(target, port, timeout);
        this.connectNanos = System.nanoTime() - start;
        socket.setTcpNoDelay(true);
        this.input = new BufferedInputStream(socket.getInputStream());
    }

    @Override
    public String ask(String text) throws IOException {
        String request = "GET /echo?" + text + " HTTP/1.1\r\nHost: demo\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        String status = line();
        int length = -1;
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(
                        header.substring(header.indexOf(':') + 1).strip());
            }
        }
        if (!status.startsWith("HTTP/1.1 200") || length < 0) {
            throw new IOException("the server answered " + status);
        }
        byte[] body = input.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the server closed within an answer");
        }
        return new String(body, StandardCharsets.US_ASCII).stripTrailing();
    }

    @Override
    public long connectNanos() {
        return connectNanos;
    }

    @Override
    public int localPort() {
        return socket.getLocalPort();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing was to be sent any more.
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = input.read(); b != '\n'; b = input.read()) {
            if (b < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }
}

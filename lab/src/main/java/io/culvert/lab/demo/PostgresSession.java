package io.culvert.lab.demo;

import io.culvert.lab.NamespaceSockets;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A PostgreSQL connection (frontend/backend protocol 3.0) of user postgres, without a password. */
public final class PostgresSession implements Session {
    private static final int PROTOCOL_3 = 196608;

    private final Socket socket;
    private final DataInputStream input;
    private final long connectNanos;

    /** Connects and waits until the server is ready for queries; answers must come within {@code timeout}. */
    public PostgresSession(NamespaceSockets sockets, String address, int port, Duration timeout) throws IOException {
        InetAddress target = InetAddress.getByName(address);
        long start = System.nanoTime();
        this.socket = sockets.connect(target, port, timeout);
        this.connectNanos = System.nanoTime() - start;
        socket.setTcpNoDelay(true);
        this.input = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        byte[] parameters = "user\0postgres\0\0".getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(message);
        out.writeInt(8 + parameters.length);
        out.writeInt(PROTOCOL_3);
        out.write(parameters);
        socket.getOutputStream().write(message.toByteArray());
        untilReady();
    }

    @Override
    public String ask(String text) throws IOException {
        byte[] query = ("SELECT '" + text + "'\0").getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(message);
        out.writeByte('Q');
        out.writeInt(4 + query.length);
        out.write(query);
        socket.getOutputStream().write(message.toByteArray());
        return untilReady();
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
        try (socket) {
            socket.getOutputStream().write(new byte[] {'X', 0, 0, 0, 4});
        } catch (IOException e) {
            // The server sees the end of the connection instead.
        }
    }

    /** Reads messages up to ReadyForQuery; returns the first column of the last row. */
    private String untilReady() throws IOException {
        String value = "";
        while (true) {
            int type = input.readUnsignedByte();
            byte[] body = input.readNBytes(input.readInt() - 4);
            switch (type) {
                case 'Z' -> {
                    return value;
                }
                case 'E' ->
                    throw new IOException("the server answered with an error: "
                            + new String(body, StandardCharsets.UTF_8).replace('\0', ' '));
                // Two bytes: number of columns, four: length of the first.
                case 'D' -> value = new String(body, 6, body.length - 6, StandardCharsets.UTF_8);
                default -> {
                    // Parameters, row descriptions and the like say nothing about the connection.
                }
            }
        }
    }
}

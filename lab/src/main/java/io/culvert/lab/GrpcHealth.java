package io.culvert.lab;

import com.google.protobuf.CodedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * One call of the gRPC health protocol (grpc.health.v1), byte by byte as kubelet's gRPC library makes it: HTTP/2 with
 * prior knowledge, the request on stream 1 once the server's SETTINGS are there (RFC 9113). A library for Java would
 * begin with stream 3, and be no measure of what a kubelet sends.
 */
final class GrpcHealth {
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    private static final int SERVING = 1;
    private static final int MAX_FRAME = 16384;
    private static final int MAX_FRAMES = 100;

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int ACK = 1;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;
    private static final int STREAM = 1;

    private GrpcHealth() {}

    /** Asks for the health of {@code service} over a connection from {@code sockets}' namespace. */
    static ProbeRunner.Outcome check(
            NamespaceSockets sockets, InetAddress address, int port, String service, Duration timeout)
            throws IOException {
        try (Socket socket = sockets.connect(address, port, timeout)) {
            OutputStream out = socket.getOutputStream();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            ByteArrayOutputStream start = new ByteArrayOutputStream();
            start.write(PREFACE.getBytes(StandardCharsets.US_ASCII));
            start.write(frame(SETTINGS, 0, 0, new byte[0]));
            out.write(start.toByteArray());
            return converse(in, out, Cidr.text(address), port, service);
        }
    }

    private static ProbeRunner.Outcome converse(
            DataInputStream in, OutputStream out, String host, int port, String service) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        boolean asked = false;
        for (int i = 0; i < MAX_FRAMES; i++) {
            int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            if (length > MAX_FRAME) {
                return new ProbeRunner.Outcome(false, "the server does not speak HTTP/2");
            }
            byte[] payload = new byte[length];
            in.readFully(payload);
            switch (type) {
                case SETTINGS -> {
                    if ((flags & ACK) == 0) {
                        out.write(frame(SETTINGS, ACK, 0, new byte[0]));
                        if (!asked) {
                            asked = true;
                            out.write(request(host, port, service));
                        }
                    }
                }
                case PING -> {
                    if ((flags & ACK) == 0) {
                        out.write(frame(PING, ACK, 0, payload));
                    }
                }
                case DATA -> message.write(payload);
                case RST_STREAM, GOAWAY -> {
                    return new ProbeRunner.Outcome(false, "the server ended the call by a frame of type " + type);
                }
                default -> {
                    // Window updates, and headers: the message alone says whether it serves.
                }
            }
            if (stream == STREAM && (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) {
                return verdict(message.toByteArray());
            }
        }
        return new ProbeRunner.Outcome(false, "the server does not come to an end");
    }

    /** A length-prefixed HealthCheckResponse, whose only field is the status. */
    private static ProbeRunner.Outcome verdict(byte[] message) throws IOException {
        if (message.length < 5) {
            return new ProbeRunner.Outcome(false, "the server answered with an error");
        }
        CodedInputStream in = CodedInputStream.newInstance(new ByteArrayInputStream(message, 5, message.length - 5));
        int status = in.readTag() == 8 ? in.readEnum() : 0;
        return new ProbeRunner.Outcome(status == SERVING, "serving status " + status);
    }

    private static byte[] request(String host, int port, String service) throws IOException {
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        header(headers, ":method", "POST");
        header(headers, ":scheme", "http");
        header(headers, ":path", "/grpc.health.v1.Health/Check");
        header(headers, ":authority", (host.contains(":") ? "[" + host + "]" : host) + ":" + port);
        header(headers, "content-type", "application/grpc");
        header(headers, "user-agent", "kube-probe/1.34 grpc-go/1.72.2");
        header(headers, "te", "trailers");
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream body = new DataOutputStream(bytes);
        body.writeByte(0);
        body.writeInt(name.length == 0 ? 0 : name.length + 2);
        if (name.length > 0) {
            body.writeByte(10);
            body.writeByte(name.length);
            body.write(name);
        }
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        frames.write(frame(HEADERS, END_HEADERS, STREAM, headers.toByteArray()));
        frames.write(frame(DATA, END_STREAM, STREAM, bytes.toByteArray()));
        return frames.toByteArray();
    }

    /** A literal that is not indexed (RFC 7541, section 6.2.2); names and values here are shorter than 127 bytes. */
    private static void header(ByteArrayOutputStream out, String name, String value) {
        out.write(0);
        out.write(name.length());
        out.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        out.write(value.length());
        out.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(payload.length >> 16);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
        return bytes.toByteArray();
    }
}

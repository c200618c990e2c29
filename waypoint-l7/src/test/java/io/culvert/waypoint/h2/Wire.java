package io.culvert.waypoint.h2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** HTTP/2 by hand over a socket: sends what no decent peer would. Everything blocks, with a time-out of 5 s. */
public final class Wire implements Closeable {
    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int PRIORITY = 2;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;
    public static final int CONTINUATION = 9;

    public static final int END_STREAM = 1;
    public static final int ACK = 1;
    public static final int END_HEADERS = 4;
    public static final int END = END_STREAM | END_HEADERS;

    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Socket socket;
    private final OutputStream out;
    private final DataInputStream in;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);
    private final ByteArrayOutputStream batch = new ByteArrayOutputStream();

    public record Frame(int type, int flags, int stream, byte[] payload) {
        public int word(int at) {
            return ByteBuffer.wrap(payload).getInt(at);
        }

        public boolean isEnd() {
            return (flags & END_STREAM) != 0;
        }
    }

    private Wire(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(5000);
        out = socket.getOutputStream();
        in = new DataInputStream(socket.getInputStream());
    }

    /** A client that has sent its preface and empty settings. */
    public static Wire connect(int port) throws IOException {
        return connect(port, new byte[0]);
    }

    public static Wire connect(int port, byte[] settings) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(64 * 1024);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        Wire wire = new Wire(socket);
        wire.out.write(PREFACE);
        wire.frame(SETTINGS, 0, 0, settings).frame(SETTINGS, ACK, 0).send();
        return wire;
    }

    /** A server that has read the preface and sent its settings. */
    public static Wire accepted(Socket socket, byte[] settings) throws IOException {
        Wire wire = new Wire(socket);
        wire.in.readNBytes(PREFACE.length);
        wire.frame(SETTINGS, 0, 0, settings).frame(SETTINGS, ACK, 0).send();
        return wire;
    }

    public static byte[] setting(int id, int value) {
        return ByteBuffer.allocate(6).putShort((short) id).putInt(value).array();
    }

    public static byte[] word(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    /** Names and values in turn, as literals that no table keeps. */
    public static byte[] block(String... fields) {
        ByteArrayOutputStream to = new ByteArrayOutputStream();
        for (int i = 0; i < fields.length; i += 2) {
            to.write(0);
            literal(to, fields[i]);
            literal(to, fields[i + 1]);
        }
        return to.toByteArray();
    }

    private static void literal(ByteArrayOutputStream to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        int length = bytes.length;
        if (length < 127) {
            to.write(length);
        } else {
            to.write(127);
            for (length -= 127; length >= 128; length >>>= 7) {
                to.write((length & 127) | 128);
            }
            to.write(length);
        }
        to.writeBytes(bytes);
    }

    // ---- sending

    /** Adds a frame to what {@link #send} sends. */
    public Wire frame(int type, int flags, int stream, byte... payload) {
        ByteBuffer head = ByteBuffer.allocate(9);
        head.put((byte) (payload.length >> 16)).putShort((short) payload.length);
        head.put((byte) type).put((byte) flags).putInt(stream);
        batch.writeBytes(head.array());
        batch.writeBytes(payload);
        return this;
    }

    public Wire headers(int stream, int flags, String... fields) {
        return frame(HEADERS, flags, stream, block(fields));
    }

    /** A request that nothing is wrong with. */
    public Wire get(int stream, String path) {
        return headers(stream, END, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", path);
    }

    public Wire post(int stream, String... more) {
        String[] all = new String[8 + more.length];
        System.arraycopy(
                new String[] {":method", "POST", ":scheme", "http", ":authority", "shop", ":path", "/"}, 0, all, 0, 8);
        System.arraycopy(more, 0, all, 8, more.length);
        return headers(stream, END_HEADERS, all);
    }

    public Wire send() throws IOException {
        byte[] bytes = batch.toByteArray();
        batch.reset();
        out.write(bytes);
        out.flush();
        return this;
    }

    /** Sends; a peer that has closed already is no fault. */
    public Wire sendAnyway() throws IOException {
        try {
            send();
        } catch (SocketException e) {
            batch.reset();
        }
        return this;
    }

    // ---- receiving

    /** The next frame, null at the end of the connection, however it ends. */
    @Nullable
    public Frame read() throws IOException {
        byte[] head = new byte[9];
        try {
            in.readFully(head);
            ByteBuffer buffer = ByteBuffer.wrap(head);
            int length = ((buffer.get() & 0xff) << 16) | (buffer.getShort() & 0xffff);
            int type = buffer.get();
            int flags = buffer.get();
            int stream = buffer.getInt();
            byte[] payload = new byte[length];
            in.readFully(payload);
            return new Frame(type, flags, stream, payload);
        } catch (EOFException | SocketException e) {
            return null;
        }
    }

    /** The next frame that is wanted; others are skipped. */
    public Frame await(Predicate<Frame> wanted) throws IOException {
        StringBuilder skipped = new StringBuilder();
        for (Frame next = read(); next != null; next = read()) {
            if (wanted.test(next)) {
                return next;
            }
            skipped.append(' ').append(next.type()).append('@').append(next.stream());
        }
        throw new EOFException("the connection ended before the frame came, after" + skipped);
    }

    public Frame await(int type, int stream) throws IOException {
        return await(frame -> frame.type() == type && frame.stream() == stream);
    }

    /** The head of a response; heads must be read in order, because of the compression table. */
    public Http2Headers awaitHead(int stream) throws IOException, Http2Exception {
        while (true) {
            Frame frame = await(next -> next.type() == HEADERS);
            Http2Headers headers = decode(frame);
            if (frame.stream() == stream) {
                return headers;
            }
        }
    }

    public Http2Headers decode(Frame frame) throws Http2Exception {
        ByteBuf block = Unpooled.wrappedBuffer(frame.payload());
        return decoder.decodeHeaders(frame.stream(), block);
    }

    /** Whether the connection ends with a GOAWAY of this code, or without one when that was lost. */
    public int awaitGoAway() throws IOException {
        return await(frame -> frame.type() == GOAWAY).word(4);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

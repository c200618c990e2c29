package io.culvert.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The TCP payload in a capture file (libpcap format, Ethernet), put together by direction of each connection. Immutable
 * once read.
 */
public final class TcpStreams {
    private static final int MAGIC_MICROS = 0xa1b2c3d4;
    private static final int MAGIC_NANOS = 0xa1b23c4d;
    private static final int FILE_HEADER = 24;
    private static final int ETHERNET = 1;
    private static final int ETHERNET_HEADER = 14;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int IPV6_HEADER = 40;
    private static final int TCP = 6;

    /** One direction of a connection. */
    public record Direction(InetAddress from, int fromPort, InetAddress to, int toPort) {
        @Override
        public String toString() {
            return end(from, fromPort) + " > " + end(to, toPort);
        }

        private static String end(InetAddress address, int port) {
            String text = Cidr.text(address);
            return (text.contains(":") ? "[" + text + "]" : text) + ":" + port;
        }
    }

    private final Map<Direction, TcpPayload> streams = new LinkedHashMap<>();

    private TcpStreams() {}

    /** Reads a capture file. */
    static TcpStreams read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int magic = bytes.getInt(0);
        if (magic != MAGIC_MICROS && magic != MAGIC_NANOS) {
            bytes.order(ByteOrder.BIG_ENDIAN);
            magic = bytes.getInt(0);
        }
        if (magic != MAGIC_MICROS && magic != MAGIC_NANOS) {
            throw new IOException(file + " is not a capture file");
        }
        if (bytes.getInt(20) != ETHERNET) {
            throw new IOException(file + " has link type " + bytes.getInt(20) + " instead of Ethernet");
        }
        TcpStreams streams = new TcpStreams();
        int at = FILE_HEADER;
        while (at + 16 <= bytes.limit()) {
            int length = bytes.getInt(at + 8);
            if (at + 16 + length > bytes.limit()) {
                break;
            }
            streams.frame(bytes.slice(at + 16, length).order(ByteOrder.BIG_ENDIAN));
            at += 16 + length;
        }
        return streams;
    }

    /** Every direction that carried bytes, in order of appearance. */
    public List<Direction> directions() {
        return List.copyOf(streams.keySet());
    }

    /** The directions from {@code from} to port {@code port} of {@code to}, both address literals. */
    public List<Direction> between(String from, String to, int port) {
        List<Direction> found = new ArrayList<>();
        for (Direction direction : streams.keySet()) {
            if (direction.toPort == port
                    && Cidr.text(direction.from).equals(from)
                    && Cidr.text(direction.to).equals(to)) {
                found.add(direction);
            }
        }
        return found;
    }

    /** The bytes of {@code direction}, in order; empty when it carried none. */
    public byte[] bytes(Direction direction) {
        TcpPayload payload = streams.get(direction);
        return payload == null ? new byte[0] : payload.bytes();
    }

    /** The bytes of the other direction of the same connection. */
    public byte[] answer(Direction direction) {
        return bytes(new Direction(direction.to, direction.toPort, direction.from, direction.fromPort));
    }

    /** How often {@code text} occurs in the payload of all connections of the capture. */
    public int occurrences(byte[] text) {
        return streams.values().stream()
                .mapToInt(payload -> occurrences(payload.bytes(), text))
                .sum();
    }

    /** How often {@code text} occurs in {@code bytes}. */
    public static int occurrences(byte[] bytes, byte[] text) {
        int count = 0;
        for (int i = 0; i + text.length <= bytes.length; i++) {
            int j = 0;
            while (j < text.length && bytes[i + j] == text[j]) {
                j++;
            }
            if (j == text.length) {
                count++;
                i += text.length - 1;
            }
        }
        return count;
    }

    private void frame(ByteBuffer frame) throws IOException {
        if (frame.limit() < ETHERNET_HEADER) {
            return;
        }
        int type = Short.toUnsignedInt(frame.getShort(12));
        if (type == TYPE_IPV4) {
            ByteBuffer packet = frame.slice(ETHERNET_HEADER, frame.limit() - ETHERNET_HEADER);
            int header = (packet.get(0) & 0xf) * 4;
            int length = Short.toUnsignedInt(packet.getShort(2));
            if (packet.get(9) == TCP) {
                segment(address(packet, 12, 4), address(packet, 16, 4), packet.slice(header, length - header));
            }
        } else if (type == TYPE_IPV6) {
            ByteBuffer packet = frame.slice(ETHERNET_HEADER, frame.limit() - ETHERNET_HEADER);
            int length = Short.toUnsignedInt(packet.getShort(4));
            if (packet.get(6) == TCP) {
                segment(address(packet, 8, 16), address(packet, 24, 16), packet.slice(IPV6_HEADER, length));
            }
        }
    }

    private void segment(InetAddress from, InetAddress to, ByteBuffer segment) {
        int header = (segment.get(12) >> 4 & 0xf) * 4;
        boolean syn = (segment.get(13) & 2) != 0;
        Direction direction = new Direction(
                from, Short.toUnsignedInt(segment.getShort(0)), to, Short.toUnsignedInt(segment.getShort(2)));
        byte[] payload = new byte[segment.limit() - header];
        segment.get(header, payload);
        int sequence = segment.getInt(4);
        if (syn) {
            streams.computeIfAbsent(direction, d -> new TcpPayload()).start(sequence + 1);
        } else if (payload.length > 0) {
            streams.computeIfAbsent(direction, d -> new TcpPayload()).add(sequence, payload);
        }
    }

    private static InetAddress address(ByteBuffer packet, int at, int length) throws IOException {
        byte[] bytes = new byte[length];
        packet.get(at, bytes);
        return InetAddress.getByAddress(bytes);
    }
}

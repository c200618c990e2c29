package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One dump request to the kernel and its messages (linux/netlink.h). Lengths are checked before they are believed, and
 * no number of messages keeps it going. Owned by one thread.
 */
final class NetlinkDump {
    static final int HEADER = 16;

    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLMSG_OVERRUN = 4;
    private static final int NLM_F_REQUEST_DUMP = 0x1 | 0x300;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int ATTRIBUTE_HEADER = 4;
    private static final int NLA_TYPE_MASK = 0x3fff;
    /** The kernel's own limit of what it puts into one datagram of a dump. */
    private static final int DATAGRAM = 32 << 10;

    private static final int MAX_MESSAGES = 1 << 16;
    private static final int ATTEMPTS = 3;

    private final int sequence;
    private final List<ByteBuffer> bodies = new ArrayList<>();
    private boolean done;
    private boolean changed;

    NetlinkDump(int sequence) {
        this.sequence = sequence;
    }

    /**
     * Everything of one kind, each without the netlink header.
     *
     * @param type of the request, such as RTM_GETADDR
     * @param family AF_INET, AF_INET6 or, where the kernel takes it, 0 for all
     * @param fixed length of the structure behind the netlink header
     * @throws IOException when the kernel refuses, answers what cannot be read, or changes while it is asked
     */
    static List<ByteBuffer> read(NetlinkSocket socket, int type, int family, int fixed) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(HEADER + fixed, 4);
            MemorySegment answer = arena.allocate(DATAGRAM, 4);
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                ByteBuffer fields = buffer(request);
                fields.putInt(HEADER + fixed).putShort((short) type).putShort((short) NLM_F_REQUEST_DUMP);
                fields.putInt(attempt).putInt(0).put((byte) family);
                int sent = socket.send(request, HEADER + fixed);
                if (sent < 0) {
                    throw new IOException("netlink request " + type + " failed: " + Libc.message(-sent));
                }
                NetlinkDump dump = new NetlinkDump(attempt);
                dump.receive(socket, answer);
                if (!dump.changed) {
                    return dump.bodies;
                }
            }
            throw new IOException("netlink request " + type + ": it changed during each of " + ATTEMPTS + " reads");
        }
    }

    private void receive(NetlinkSocket socket, MemorySegment answer) throws IOException {
        while (!done) {
            int got = socket.receive(answer);
            if (got < 0) {
                // The kernel makes the next part when it is asked for it: that nothing is there means that it is lost.
                throw new IOException("netlink answer ended early: " + Libc.message(-got));
            }
            if (got > answer.byteSize()) {
                throw new IOException("netlink answer of " + got + " bytes was cut off");
            }
            add(buffer(answer).limit(got));
        }
    }

    /** Takes one datagram, in the byte order of this machine. */
    void add(ByteBuffer datagram) throws IOException {
        if (datagram.remaining() < HEADER) {
            throw new IOException("netlink answer of " + datagram.remaining() + " bytes");
        }
        while (datagram.hasRemaining() && !done) {
            int start = datagram.position();
            int length = datagram.remaining() < HEADER ? 0 : datagram.getInt(start);
            if (length < HEADER || length > datagram.remaining()) {
                throw new IOException("netlink message of length " + Integer.toUnsignedString(length) + ", with "
                        + datagram.remaining() + " bytes left");
            }
            // An answer to an earlier request may still be in the queue.
            if (datagram.getInt(start + 8) == sequence) {
                message(datagram, start, length);
            }
            datagram.position(Math.min(start + aligned(length), datagram.limit()));
        }
    }

    private void message(ByteBuffer datagram, int start, int length) throws IOException {
        changed |= (datagram.getShort(start + 6) & NLM_F_DUMP_INTR) != 0;
        int type = datagram.getShort(start + 4) & 0xffff;
        switch (type) {
            case NLMSG_DONE, NLMSG_ERROR -> {
                int error = length >= HEADER + 4 ? datagram.getInt(start + HEADER) : 0;
                if (error < 0 || type == NLMSG_ERROR) {
                    throw new IOException("netlink request was refused: " + Libc.message(Math.abs(error)));
                }
                done = true;
            }
            case NLMSG_OVERRUN -> throw new IOException("netlink answer was lost in part");
            default -> {
                if (bodies.size() == MAX_MESSAGES) {
                    throw new IOException("netlink answer of more than " + MAX_MESSAGES + " messages");
                }
                // The memory is used again for the next datagram.
                byte[] copy = new byte[length - HEADER];
                datagram.get(start + HEADER, copy);
                bodies.add(ByteBuffer.wrap(copy).order(ByteOrder.nativeOrder()));
            }
        }
    }

    boolean done() {
        return done;
    }

    List<ByteBuffer> bodies() {
        return bodies;
    }

    /** The value of an attribute of a message, or null; {@code fixed} is what stands before the attributes. */
    static @Nullable ByteBuffer attribute(ByteBuffer body, int fixed, int type) throws IOException {
        if (body.limit() < fixed) {
            throw new IOException("netlink message of " + body.limit() + " bytes is shorter than " + fixed);
        }
        int at = fixed;
        while (at < body.limit()) {
            int length = body.limit() - at < ATTRIBUTE_HEADER ? 0 : body.getShort(at) & 0xffff;
            if (length < ATTRIBUTE_HEADER || length > body.limit() - at) {
                throw new IOException(
                        "netlink attribute of length " + length + ", with " + (body.limit() - at) + " bytes left");
            }
            if ((body.getShort(at + 2) & NLA_TYPE_MASK) == type) {
                return body.slice(at + ATTRIBUTE_HEADER, length - ATTRIBUTE_HEADER)
                        .order(ByteOrder.nativeOrder());
            }
            at += aligned(length);
        }
        return null;
    }

    private static int aligned(int length) {
        return (length + 3) & ~3;
    }

    private static ByteBuffer buffer(MemorySegment memory) {
        return memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }
}

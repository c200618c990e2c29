package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A raw netlink socket of a network namespace (netlink(7)). It never blocks: the kernel answers requests inside send(2).
 * Owned by one thread at a time.
 */
final class NetlinkSocket implements AutoCloseable {
    static final int ROUTE = 0;
    static final int SOCK_DIAG = 4;
    static final int NETFILTER = 12;

    /** What {@link #receive} returns when nothing is there. */
    static final int EAGAIN = -11;

    static final int EINTR = -4;
    static final int ENOBUFS = -105;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVBUF = 8;
    private static final int MSG_DONTWAIT_TRUNC = 0x40 | 0x20;
    private static final int ADDRESS_LENGTH = 12;

    // What open() uses, made beforehand: it runs while the thread is in another namespace.
    private static final MemorySegment OPEN_STATE = Libc.captureState(Arena.global());

    static {
        // The first call loads classes: here at home, and not inside a pod.
        int fd = socket(ROUTE);
        if (fd >= 0) {
            Libc.close(fd);
        }
    }

    private final int fd;
    private final MemorySegment state;
    private final AtomicBoolean closed = new AtomicBoolean();

    private NetlinkSocket(int fd) {
        this.fd = fd;
        this.state = Libc.captureState(Arena.ofAuto());
    }

    /**
     * A socket of the namespace that {@code namespace} holds open; on a platform thread.
     *
     * @param protocol such as {@link #ROUTE}
     * @param what it is for, in the message of the exception
     */
    static NetlinkSocket open(NetworkNamespace namespace, int protocol, String what) throws IOException {
        // This class is initialised by now, so that construct() calls socket(2) and nothing else.
        int fd = namespace.construct(() -> socket(protocol));
        if (fd < 0) {
            throw new IOException("cannot open a " + what + " socket in " + namespace + ": " + Libc.message(-fd));
        }
        return new NetlinkSocket(fd);
    }

    private static int socket(int protocol) {
        // errno of concurrent opens may mix; the number only goes into a message.
        return (int) Libc.call(OPEN_STATE, Libc.SOCKET, AF_NETLINK, SOCK_RAW_CLOEXEC, protocol, 0, 0, 0);
    }

    /** Subscribes to multicast groups, a bit for each beginning with group 1. Returns 0, or minus errno. */
    int bind(int groups) {
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_nl (linux/netlink.h); port 0: the kernel chooses.
            MemorySegment address = arena.allocate(ADDRESS_LENGTH, 4);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(ValueLayout.JAVA_INT, 8, groups);
            return (int) Libc.call(state, Libc.BIND, fd, address.address(), ADDRESS_LENGTH, 0, 0, 0);
        }
    }

    /** Sets the bytes that may wait to be received, as the kernel counts them. Returns 0, or minus errno. */
    int receiveBuffer(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, bytes);
            return (int) Libc.call(state, Libc.SETSOCKOPT, fd, SOL_SOCKET, SO_RCVBUF, value.address(), 4, 0);
        }
    }

    /** Sends the first {@code length} bytes of {@code message} to the kernel. Returns their number, or minus errno. */
    int send(MemorySegment message, int length) {
        try {
            return (int) Libc.call(state, Libc.SENDTO, fd, message.address(), length, 0, 0, 0);
        } finally {
            Reference.reachabilityFence(message);
        }
    }

    /**
     * Takes what waits into {@code into}, without waiting. Returns the length of the datagram, which is larger than
     * {@code into} when its end was cut off, or minus errno.
     */
    int receive(MemorySegment into) {
        try {
            return (int) Libc.call(state, Libc.RECVFROM, fd, into.address(), into.byteSize(), MSG_DONTWAIT_TRUNC, 0, 0);
        } finally {
            Reference.reachabilityFence(into);
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Libc.close(fd);
        }
    }
}

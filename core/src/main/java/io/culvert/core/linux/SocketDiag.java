package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Asks the kernel whether a TCP connection exists in a network namespace (sock_diag(7), one exact request). The request
 * is answered inside send(2), so nothing waits: some 5 microseconds. Owned by one thread at a time.
 */
@SuppressWarnings("restricted")
public final class SocketDiag implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int NLMSG_ERROR = 2;
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_LISTEN = 10;
    private static final int ENOENT = 2;
    private static final int REQUEST_LENGTH = 16 + 56;
    private static final int ANSWER_LENGTH = 1024;

    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SOCKET = handle(
            "socket",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle SEND = handle("send", transfer());
    private static final MethodHandle RECV = handle("recv", transfer());
    // What open() uses, made beforehand: it may run while the thread is in another namespace.
    private static final MemorySegment OPEN_STATE = Arena.global().allocate(CAPTURE);

    private final int fd;
    private final MemorySegment state;
    private final MemorySegment request;
    private final MemorySegment answer;
    private int sequence;

    private SocketDiag(int fd) {
        this.fd = fd;
        Arena arena = Arena.ofAuto();
        state = arena.allocate(CAPTURE);
        request = arena.allocate(REQUEST_LENGTH, 4);
        answer = arena.allocate(ANSWER_LENGTH, 4);
    }

    /** For the namespace that {@code namespace} holds open; on a platform thread. */
    public static SocketDiag open(NetworkNamespace namespace) throws IOException {
        // The method handles are initialised with this class, so that construct() calls socket(2) and nothing else.
        int fd = namespace.construct(SocketDiag::socket);
        if (fd < 0) {
            throw new IOException("cannot open a sock_diag socket in " + namespace + ": " + Libc.message(-fd));
        }
        return new SocketDiag(fd);
    }

    private static int socket() {
        try {
            // errno of concurrent opens may mix; the number only goes into a message.
            int fd = (int) SOCKET.invokeExact(OPEN_STATE, AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
            return fd >= 0 ? fd : -(int) ERRNO.get(OPEN_STATE, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /**
     * Whether the namespace has a TCP socket from {@code local} to {@code remote} in any state but LISTEN, TIME_WAIT and
     * half-open ones included.
     *
     * @throws IOException when the kernel gives no answer, for example because it has no tcp_diag
     */
    public boolean exists(InetSocketAddress local, InetAddress remote, int remotePort) throws IOException {
        return state(local, remote, remotePort) > 0;
    }

    /**
     * Whether this kernel answers at all: a listening socket must be seen.
     *
     * @param listening the address and port of a socket that listens in the namespace
     */
    public boolean sees(InetSocketAddress listening) {
        try {
            return state(listening, listening.getAddress(), 1) == -TCP_LISTEN;
        } catch (IOException e) {
            return false;
        }
    }

    /** The TCP state, 0 when there is no such socket, minus TCP_LISTEN when only a listener takes the address. */
    private int state(InetSocketAddress local, InetAddress remote, int remotePort) throws IOException {
        fill(local.getAddress().getAddress(), local.getPort(), remote.getAddress(), remotePort);
        try {
            long sent = (long) SEND.invokeExact(state, fd, request, (long) REQUEST_LENGTH, 0);
            if (sent < 0) {
                throw new IOException("sock_diag request failed: " + Libc.message((int) ERRNO.get(state, 0L)));
            }
            while (true) {
                long got = (long) RECV.invokeExact(state, fd, answer, (long) ANSWER_LENGTH, MSG_DONTWAIT);
                if (got < 20) {
                    throw new IOException("no answer from sock_diag: "
                            + (got < 0 ? Libc.message((int) ERRNO.get(state, 0L)) : got + " bytes"));
                }
                if (answer.get(ValueLayout.JAVA_INT, 8) == sequence) {
                    return parse();
                }
            }
        } catch (IOException e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private int parse() throws IOException {
        int type = answer.get(ValueLayout.JAVA_SHORT, 4) & 0xffff;
        if (type == NLMSG_ERROR) {
            int error = -answer.get(ValueLayout.JAVA_INT, 16);
            if (error == ENOENT) {
                return 0;
            }
            throw new IOException("sock_diag: " + Libc.message(error));
        }
        if (type != SOCK_DIAG_BY_FAMILY) {
            throw new IOException("sock_diag answered with message type " + type);
        }
        int tcpState = answer.get(ValueLayout.JAVA_BYTE, 17);
        return tcpState == TCP_LISTEN ? -TCP_LISTEN : tcpState;
    }

    // struct nlmsghdr and struct inet_diag_req_v2 (linux/netlink.h, linux/inet_diag.h); ports in network order
    private void fill(byte[] local, int localPort, byte[] remote, int remotePort) {
        if (local.length != remote.length) {
            throw new IllegalArgumentException("a connection has two addresses of one family");
        }
        request.fill((byte) 0);
        request.set(ValueLayout.JAVA_INT, 0, REQUEST_LENGTH);
        request.set(ValueLayout.JAVA_SHORT, 4, (short) SOCK_DIAG_BY_FAMILY);
        request.set(ValueLayout.JAVA_SHORT, 6, (short) 1);
        request.set(ValueLayout.JAVA_INT, 8, ++sequence);
        request.set(ValueLayout.JAVA_BYTE, 16, (byte) (local.length == 4 ? AF_INET : AF_INET6));
        request.set(ValueLayout.JAVA_BYTE, 17, (byte) IPPROTO_TCP);
        request.set(ValueLayout.JAVA_INT, 20, -1);
        port(24, localPort);
        port(26, remotePort);
        MemorySegment.copy(local, 0, request, ValueLayout.JAVA_BYTE, 28, local.length);
        MemorySegment.copy(remote, 0, request, ValueLayout.JAVA_BYTE, 44, remote.length);
        // No interface; INET_DIAG_NOCOOKIE.
        request.set(ValueLayout.JAVA_INT, 64, -1);
        request.set(ValueLayout.JAVA_INT, 68, -1);
    }

    private void port(long at, int port) {
        request.set(ValueLayout.JAVA_BYTE, at, (byte) (port >> 8));
        request.set(ValueLayout.JAVA_BYTE, at + 1, (byte) port);
    }

    @Override
    public void close() {
        Libc.close(fd);
    }

    private static FunctionDescriptor transfer() {
        return FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT);
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
    }
}

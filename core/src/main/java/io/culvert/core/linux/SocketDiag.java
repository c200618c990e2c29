package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Asks the kernel whether a TCP connection exists in a network namespace (sock_diag(7), one exact request). The request
 * is answered inside send(2), so nothing waits: some 5 microseconds. Owned by one thread at a time.
 */
public final class SocketDiag implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int NLMSG_ERROR = 2;
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_TIME_WAIT = 6;
    private static final int TCP_LISTEN = 10;
    private static final int ENOENT = 2;
    private static final int REQUEST_LENGTH = 16 + 56;
    private static final int ANSWER_LENGTH = 1024;

    private final NetlinkSocket socket;
    private final MemorySegment request;
    private final MemorySegment answer;
    private int sequence;

    private SocketDiag(NetlinkSocket socket) {
        this.socket = socket;
        Arena arena = Arena.ofAuto();
        request = arena.allocate(REQUEST_LENGTH, 4);
        answer = arena.allocate(ANSWER_LENGTH, 4);
    }

    /** For the namespace that {@code namespace} holds open; on a platform thread. */
    public static SocketDiag open(NetworkNamespace namespace) throws IOException {
        return new SocketDiag(NetlinkSocket.open(namespace, NetlinkSocket.SOCK_DIAG, "sock_diag"));
    }

    /**
     * Whether the namespace has a TCP socket from {@code local} to {@code remote} in any state but LISTEN and TIME_WAIT,
     * half-open ones included. What is in TIME_WAIT has ended, and a new connection may take its place (RFC 6191, which
     * Linux follows): counting it would leave a busy client without ports for a minute.
     *
     * @throws IOException when the kernel gives no answer, for example because it has no tcp_diag
     */
    public boolean exists(InetSocketAddress local, InetAddress remote, int remotePort) throws IOException {
        int state = state(local, remote, remotePort);
        return state > 0 && state != TCP_TIME_WAIT;
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
        int sent = socket.send(request, REQUEST_LENGTH);
        if (sent < 0) {
            throw new IOException("sock_diag request failed: " + Libc.message(-sent));
        }
        while (true) {
            int got = socket.receive(answer);
            if (got < 20) {
                throw new IOException("no answer from sock_diag: " + (got < 0 ? Libc.message(-got) : got + " bytes"));
            }
            if (answer.get(ValueLayout.JAVA_INT, 8) == sequence) {
                return parse();
            }
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
        socket.close();
    }
}

package io.culvert.core.linux;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;

/**
 * How event loops and sockets of the data path talk to the kernel. Sockets and loops of different transports do not go
 * together. Above this type nobody needs to know which it is: both kinds of channel are
 * {@link io.netty.channel.unix.UnixChannel}s and take {@link TcpOptions}. Immutable, any thread.
 */
public enum Transport {
    /** Readiness by epoll(7), and a system call for each read and write. On every kernel. */
    EPOLL("epoll"),
    /** Reads, writes and closes as entries of a ring, submitted together. Kernels and seccomp profiles may refuse it. */
    IO_URING("io_uring");

    private final String label;

    Transport(String label) {
        this.label = label;
    }

    /** Its name for users. */
    public String label() {
        return label;
    }

    /** Why the kernel does not let this process use it, or null: it may be used. */
    public @Nullable Throwable refusal() {
        return switch (this) {
            case EPOLL -> EpollLoops.refusal();
            case IO_URING -> IoUringLoops.refusal();
        };
    }

    /** For {@link io.netty.channel.MultiThreadIoEventLoopGroup}. */
    public IoHandlerFactory factory() {
        return switch (this) {
            case EPOLL -> EpollLoops.factory();
            case IO_URING -> IoUringLoops.factory();
        };
    }

    /**
     * The transport of a group's loops.
     *
     * @throws IllegalArgumentException when they are not of a {@link #factory}, or not all of the same
     */
    public static Transport of(EventLoopGroup group) {
        for (Transport transport : values()) {
            boolean all = true;
            for (EventExecutor loop : group) {
                all &= loop instanceof IoEventLoop io && transport.runs(io);
            }
            if (all) {
                return transport;
            }
        }
        throw new IllegalArgumentException("the loops must be made by Transport.factory(), all of the same transport");
    }

    private boolean runs(IoEventLoop loop) {
        return switch (this) {
            case EPOLL -> EpollLoops.isOne(loop);
            case IO_URING -> IoUringLoops.isOne(loop);
        };
    }

    /** Makes sure that {@link #socket} and {@link #listener} initialise no class any more, as in a pod's namespace. */
    public void initialise() {
        switch (this) {
            case EPOLL -> EpollLoops.initialise();
            case IO_URING -> IoUringLoops.initialise();
        }
    }

    /**
     * A TCP socket to connect with, neither bound nor registered. io_uring's is always one for both families, where the
     * system has IPv6: IPv4 addresses are mapped, which nobody else can see.
     *
     * @throws io.netty.channel.ChannelException when there is none to be had
     */
    public SocketChannel socket(SocketProtocolFamily family) {
        return switch (this) {
            case EPOLL -> EpollLoops.socket(family);
            case IO_URING -> IoUringLoops.socket();
        };
    }

    /** A TCP socket to listen with; the same holds. */
    public ServerSocketChannel listener(SocketProtocolFamily family) {
        return switch (this) {
            case EPOLL -> EpollLoops.listener(family);
            case IO_URING -> IoUringLoops.listener();
        };
    }
}

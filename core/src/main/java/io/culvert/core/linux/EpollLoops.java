package io.culvert.core.linux;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import org.jspecify.annotations.Nullable;

/**
 * Epoll event loops on which half-closed sockets stay watched, and their sockets.
 *
 * <p>Netty 4.2.18 takes a descriptor out of the epoll set when no event is of interest any more, which is what happens
 * once the peer has half-closed (RDHUP is cleared, reading is over, nothing waits to be written), and forgets that it
 * did: the next wait for EPOLLOUT is a MOD of an unknown descriptor, fails with ENOENT, and everything queued is lost.
 * Here "no interest" is an interest in errors alone, edge-triggered, so that the descriptor stays and cannot spin.
 */
final class EpollLoops {
    private static final EpollIoOps IDLE = EpollIoOps.EPOLLERR.with(EpollIoOps.EPOLLET);

    private EpollLoops() {}

    static @Nullable Throwable refusal() {
        return Epoll.isAvailable() ? null : Epoll.unavailabilityCause();
    }

    static void initialise() {
        Initialised.once();
    }

    static SocketChannel socket(SocketProtocolFamily family) {
        return new EpollSocketChannel(family);
    }

    static ServerSocketChannel listener(SocketProtocolFamily family) {
        return new EpollServerSocketChannel(family);
    }

    static IoHandlerFactory factory() {
        return DelegatingIoHandler.factory(EpollIoHandler.newFactory(), (netty, loop) -> new Watching(netty));
    }

    /** Whether {@code loop} is of {@link #factory}. */
    static boolean isOne(IoEventLoop loop) {
        return loop.isIoType(Watching.class);
    }

    private static final class Initialised {
        static {
            socket(SocketProtocolFamily.INET).unsafe().closeForcibly();
            listener(SocketProtocolFamily.INET).unsafe().closeForcibly();
        }

        static void once() {}
    }

    private static final class Watching extends DelegatingIoHandler {
        Watching(IoHandler netty) {
            super(netty);
        }

        @Override
        public IoRegistration register(IoHandle handle) throws Exception {
            return new Registration(super.register(handle));
        }
    }

    private record Registration(IoRegistration netty) implements IoRegistration {
        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // as the interface has it
        public <T> T attachment() {
            return netty.attachment();
        }

        @Override
        public long submit(IoOps ops) {
            return netty.submit(EpollIoOps.NONE.equals(ops) ? IDLE : ops);
        }

        @Override
        public boolean isValid() {
            return netty.isValid();
        }

        @Override
        public boolean cancel() {
            return netty.cancel();
        }
    }
}

package io.culvert.core.linux;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * io_uring event loops and their sockets: one ring per loop, which only the loop's thread submits to, with deferred task
 * work where the kernel knows it. Sizes are Netty's: 128 submissions, 4096 completions. No ring of provided buffers: a
 * read waits for data before it takes a buffer, so that an idle connection holds none, and sizes stay the relay's choice.
 *
 * <p>Netty 4.2.18 reads to the end once the peer has hung up, but takes a socket without bytes for one without an end:
 * the reset behind the last bytes is never read, and nothing reports it again. Here the reads after a hang-up always say
 * that there is more, so that they go on until the error, the end, or EAGAIN.
 */
final class IoUringLoops {
    // linux/io_uring.h: IORING_OP_POLL_ADD, IORING_OP_RECV, IORING_CQE_F_SOCK_NONEMPTY
    private static final byte POLL_ADD = 6;
    private static final byte RECV = 27;
    private static final int NOT_EMPTY = 1 << 2;
    // POLLERR, POLLHUP and POLLRDHUP
    private static final int HANG_UP = 0x8 | 0x10 | 0x2000;

    private static final String MULTISHOT_ACCEPT = "io.netty.iouring.acceptMultiShotEnabled";

    static {
        // Netty reads it once, when its first class of io_uring is initialised, which is after this. A multishot accept
        // goes on when reading is off: Netty 4.2.18 renews it at once after EMFILE, which then repeats without a pause.
        // And it knows no peer addresses: each costs a system call, and is lost when the peer has reset meanwhile.
        if (System.getProperty(MULTISHOT_ACCEPT) == null) {
            System.setProperty(MULTISHOT_ACCEPT, "false");
        }
    }

    private IoUringLoops() {}

    static @Nullable Throwable refusal() {
        return IoUring.isAvailable() ? null : IoUring.unavailabilityCause();
    }

    static IoHandlerFactory factory() {
        return DelegatingIoHandler.factory(IoUringIoHandler.newFactory(), Watching::new);
    }

    static boolean isOne(IoEventLoop loop) {
        return loop.isIoType(Watching.class);
    }

    static void initialise() {
        Initialised.once();
    }

    static SocketChannel socket() {
        return new IoUringSocketChannel();
    }

    static ServerSocketChannel listener() {
        return new IoUringServerSocketChannel();
    }

    private static final class Initialised {
        static {
            socket().unsafe().closeForcibly();
            listener().unsafe().closeForcibly();
        }

        static void once() {}
    }

    private static final class Watching extends DelegatingIoHandler {
        Watching(IoHandler netty) {
            super(netty);
        }

        @Override
        public IoRegistration register(IoHandle handle) throws Exception {
            return super.register(new Watched((IoUringIoHandle) handle));
        }
    }

    /** A channel's end of its registration. Owned by its loop. */
    @SuppressWarnings("try") // close() may throw what the interface says
    private static final class Watched implements IoUringIoHandle {
        private final IoUringIoHandle netty;
        private boolean hungUp;

        Watched(IoUringIoHandle netty) {
            this.netty = netty;
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            IoUringIoEvent completed = (IoUringIoEvent) event;
            if (completed.opcode() == POLL_ADD) {
                hungUp |= completed.res() > 0 && (completed.res() & HANG_UP) != 0;
            } else if (hungUp && completed.opcode() == RECV && completed.res() > 0) {
                netty.handle(
                        registration,
                        new IoUringIoEvent(completed.res(), completed.flags() | NOT_EMPTY, RECV, completed.userData()));
                return;
            }
            netty.handle(registration, event);
        }

        @Override
        public void registered() {
            netty.registered();
        }

        @Override
        public void unregistered() {
            netty.unregistered();
        }

        @Override
        public void close() throws Exception {
            netty.close();
        }
    }
}

package io.culvert.core.linux;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * io_uring event loops and their sockets: one ring per loop, which only the loop's thread submits to, with deferred task
 * work where the kernel knows it. Sizes are Netty's: 128 submissions, 4096 completions. No ring of provided buffers: a
 * read waits for data before it takes a buffer, so that an idle connection holds none, and sizes stay the relay's choice.
 */
final class IoUringLoops {
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
        return DelegatingIoHandler.factory(IoUringIoHandler.newFactory(), HungUpSockets::new);
    }

    static boolean isOne(IoEventLoop loop) {
        return loop.isIoType(HungUpSockets.class);
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
}

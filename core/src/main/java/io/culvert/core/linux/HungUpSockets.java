package io.culvert.core.linux;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The I/O of an io_uring loop, with sockets whose peer has hung up treated as they need it. Netty 4.2.18 errs twice there:
 *
 * <p>It reads to the end, but takes a socket without bytes for one without an end: a reset behind the last bytes is never
 * read, and nothing reports it again. Here the reads after a hang-up always say that there is more, so that they go on
 * until the error, the end, or EAGAIN.
 *
 * <p>It waits for room to write with a poll for POLLOUT. The kernel answers every poll with POLLRDHUP, asked for or not,
 * so that one completes at once with that alone; Netty makes nothing of it, and never writes again. Here the second such
 * answer (the first is the poll for POLLRDHUP) counts as room to write, a little later: the kernel cannot be asked when
 * there is some, so a half-closed socket with a full buffer is tried every few milliseconds.
 */
final class HungUpSockets extends DelegatingIoHandler {
    // linux/io_uring.h: IORING_OP_POLL_ADD, IORING_OP_RECV, IORING_CQE_F_SOCK_NONEMPTY
    private static final byte POLL_ADD = 6;
    private static final byte RECV = 27;
    private static final int NOT_EMPTY = 1 << 2;

    private static final int POLLIN = 0x1;
    private static final int POLLOUT = 0x4;
    private static final int POLLRDHUP = 0x2000;
    // With POLLERR and POLLHUP.
    private static final int HANG_UP = 0x8 | 0x10 | POLLRDHUP;

    /** Each try costs the kernel some hundred turns before it says EAGAIN. */
    private static final long RETRY_MILLIS = 4;

    private final EventExecutor loop;
    /** Sockets that are tried again later. */
    private final Map<Socket, IoRegistration> later = new HashMap<>();

    private boolean ending;

    /** @param loop the event loop that the handler is of */
    HungUpSockets(IoHandler netty, ThreadAwareExecutor loop) {
        super(netty);
        this.loop = (EventExecutor) loop;
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return super.register(new Socket((IoUringIoHandle) handle));
    }

    /** Netty waits here for whatever it asked for, and timers no longer fire. */
    @Override
    public void prepareToDestroy() {
        ending = true;
        Map<Socket, IoRegistration> all = Map.copyOf(later);
        later.clear();
        all.forEach(Socket::tellOfRoom);
        super.prepareToDestroy();
    }

    /** A channel's end of its registration. Owned by its loop. */
    @SuppressWarnings("try") // close() may throw what the interface says
    private final class Socket implements IoUringIoHandle {
        private final IoUringIoHandle netty;
        private boolean hungUp;
        private boolean told;

        Socket(IoUringIoHandle netty) {
            this.netty = netty;
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            IoUringIoEvent completed = (IoUringIoEvent) event;
            int res = completed.res();
            if (completed.opcode() == POLL_ADD && res > 0) {
                hungUp |= (res & HANG_UP) != 0;
                if ((res & POLLRDHUP) != 0 && (res & (POLLIN | POLLOUT)) == 0) {
                    if (told) {
                        writeLater(registration);
                        return;
                    }
                    told = true;
                }
            } else if (hungUp && completed.opcode() == RECV && res > 0) {
                netty.handle(
                        registration,
                        new IoUringIoEvent(res, completed.flags() | NOT_EMPTY, RECV, completed.userData()));
                return;
            }
            netty.handle(registration, event);
        }

        /** Netty has to hear of it also after a close: it waits for what it asked for. */
        private void writeLater(IoRegistration registration) {
            if (ending) {
                tellOfRoom(registration);
                return;
            }
            later.put(this, registration);
            var _ = loop.schedule(
                    () -> {
                        if (later.remove(this, registration)) {
                            tellOfRoom(registration);
                        }
                    },
                    RETRY_MILLIS,
                    TimeUnit.MILLISECONDS);
        }

        private void tellOfRoom(IoRegistration registration) {
            netty.handle(registration, new IoUringIoEvent(POLLOUT, 0, POLL_ADD, 0L));
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

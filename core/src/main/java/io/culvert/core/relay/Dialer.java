package io.culvert.core.relay;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.TcpOptions;
import io.culvert.core.telemetry.CloseReason;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Connects sockets, in the client's name where asked. Any thread may hold it; dial on the loop given. */
public final class Dialer {
    /** How often another port is tried after the kernel refused one that looked free. */
    private static final int PORT_TRIES = 16;

    private final SocketTuning tuning;

    public Dialer(SocketTuning tuning) {
        this.tuning = tuning;
    }

    /** Is told how a dial ended, once, on its loop. */
    public interface Listener {
        /** Connected; not reading yet. The socket is the listener's now. */
        void onConnected(RelaySocket socket);

        /** @param detail names the address and what the system said */
        void onDialFailed(CloseReason reason, String detail);
    }

    /** Whose address a connection bears: the client's, with ports that it does not use. */
    public record Source(InetAddress address, SourcePorts ports) {}

    /**
     * Starts to connect.
     *
     * @param source null: the kernel chooses address and port
     * @param budget what the socket's queues are charged to
     * @return what cancels it
     */
    public Dial dial(
            EventLoop loop,
            SocketFactory sockets,
            InetSocketAddress destination,
            @Nullable Source source,
            ByteBudget budget,
            Listener listener) {
        assert loop.inEventLoop();
        Dial dial = new Dial(loop, sockets, destination, source, budget, listener);
        dial.attempt();
        return dial;
    }

    /** One dial under way. Owned by its loop. */
    public final class Dial implements ChannelFutureListener {
        private final EventLoop loop;
        private final SocketFactory sockets;
        private final InetSocketAddress destination;
        private final @Nullable Source source;
        private final ByteBudget budget;
        private @Nullable Listener listener;
        private @Nullable RelaySocket socket;
        private int attempts;

        private Dial(
                EventLoop loop,
                SocketFactory sockets,
                InetSocketAddress destination,
                @Nullable Source source,
                ByteBudget budget,
                Listener listener) {
            this.loop = loop;
            this.sockets = sockets;
            this.destination = destination;
            this.source = source;
            this.budget = budget;
            this.listener = listener;
        }

        /** Gives up; the listener hears nothing more. Does nothing after the end. */
        public void cancel() {
            listener = null;
            if (socket != null) {
                socket.abort();
            }
        }

        private void attempt() {
            InetSocketAddress local = null;
            if (source != null) {
                int port = source.ports().next(source.address(), destination);
                if (port == 0) {
                    fail(
                            CloseReason.CONNECT_FAILED,
                            source.address() + " has no free source port towards " + destination);
                    return;
                }
                local = new InetSocketAddress(source.address(), port);
            }
            SocketChannel channel;
            try {
                channel = sockets.connecting(
                        destination.getAddress() instanceof Inet6Address
                                ? SocketProtocolFamily.INET6
                                : SocketProtocolFamily.INET);
            } catch (RuntimeException e) {
                fail(e);
                return;
            }
            try {
                if (local == null) {
                    tuning.connecting(channel);
                } else {
                    tuning.connectingToApp(channel);
                    transparent(channel.config(), local.getAddress());
                }
            } catch (RuntimeException e) {
                channel.unsafe().closeForcibly();
                fail(e);
                return;
            }
            connect(channel, local);
        }

        private void connect(SocketChannel channel, @Nullable InetSocketAddress local) {
            RelaySocket attempt = new RelaySocket(channel, budget);
            socket = attempt;
            channel.pipeline().addLast(attempt);
            ChannelFuture registered = loop.register(channel);
            if (!registered.isSuccess()) {
                // On the channel's own loop registration is immediate; only a loop that shuts down refuses.
                channel.unsafe().closeForcibly();
                fail(CloseReason.DRAINED, "the agent is shutting down");
                return;
            }
            channel.connect(destination, local).addListener(this);
        }

        private void transparent(SocketChannelConfig config, InetAddress address) {
            config.setReuseAddress(true);
            if (address instanceof Inet6Address) {
                config.setOption(MeshSockets.IPV6_TRANSPARENT, 1);
            } else {
                config.setOption(TcpOptions.TRANSPARENT, 1);
            }
        }

        @Override
        public void operationComplete(ChannelFuture future) {
            RelaySocket attempt = socket;
            if (listener == null || attempt == null) {
                return;
            }
            if (future.isSuccess()) {
                Listener told = listener;
                listener = null;
                told.onConnected(attempt);
                return;
            }
            attempt.abort();
            Throwable cause = future.cause();
            if (source != null && DialFailures.isPortTaken(cause) && ++attempts < PORT_TRIES) {
                attempt();
                return;
            }
            fail(cause);
        }

        private void fail(Throwable cause) {
            CloseReason reason = DialFailures.of(cause);
            String said = cause.getMessage();
            fail(reason, "cannot connect to " + text(destination) + ": " + (said == null ? cause.toString() : said));
        }

        private void fail(CloseReason reason, String detail) {
            Listener told = listener;
            listener = null;
            if (told != null) {
                told.onDialFailed(reason, detail);
            }
        }
    }

    private static String text(InetSocketAddress address) {
        String ip = address.getAddress().getHostAddress();
        return (ip.indexOf(':') >= 0 ? "[" + ip + "]" : ip) + ":" + address.getPort();
    }
}

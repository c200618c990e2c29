package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.ConnectRequest;
import io.culvert.core.hbone.HboneFailure;
import io.culvert.core.hbone.HbonePool;
import io.culvert.core.hbone.OpenResult;
import io.culvert.core.hbone.PendingOpen;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.hbone.WindowBudget;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.relay.SocketFactory;
import io.culvert.core.relay.SocketTuning;
import io.culvert.core.relay.TunnelHeaders;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Connects to endpoints: by a stream of a pooled tunnel to the endpoint's node proxy where the endpoint speaks HBONE, on
 * this waypoint's own node too, and by a plain connection where it does not. Any thread.
 */
final class HboneConnector implements Connector {
    private final HbonePool pool;
    private final SocketFactory sockets;
    private final SocketTuning tuning;
    private final Supplier<? extends WindowBudget> budgets;
    private final Outgoing outgoing;

    /** @param budgets makes what one stream's window is charged to */
    HboneConnector(
            HbonePool pool,
            SocketFactory sockets,
            SocketTuning tuning,
            Supplier<? extends WindowBudget> budgets,
            Outgoing outgoing) {
        this.pool = pool;
        this.sockets = sockets;
        this.tuning = tuning;
        this.budgets = budgets;
        this.outgoing = outgoing;
    }

    @Override
    public Attempt connect(
            EventLoop loop,
            Endpoint endpoint,
            int servicePort,
            Duration timeout,
            ChannelHandler handler,
            Listener listener) {
        assert loop.inEventLoop();
        InetSocketAddress target = outgoing.target(endpoint, servicePort);
        Connecting connecting = new Connecting(loop, endpoint, listener);
        if (target == null) {
            connecting.failLater(
                    "endpoint " + endpoint.workload().uid() + " has no address or no port for service port "
                            + servicePort + ": look at the ports of its service");
            return connecting;
        }
        connecting.expireAfter(timeout, target);
        if (endpoint.workload().hbone()) {
            connecting.tunnel(target, handler);
        } else {
            connecting.plain(target, handler);
        }
        return connecting;
    }

    /** One connection under way. Owned by its loop. */
    private final class Connecting implements Attempt, ChannelFutureListener {
        private final EventLoop loop;
        private final Endpoint endpoint;
        private @Nullable Listener listener;
        private @Nullable PendingOpen opening;
        private @Nullable SocketChannel socket;
        private @Nullable ScheduledFuture<?> expiry;

        Connecting(EventLoop loop, Endpoint endpoint, Listener listener) {
            this.loop = loop;
            this.endpoint = endpoint;
            this.listener = listener;
        }

        void expireAfter(Duration timeout, InetSocketAddress target) {
            expiry = loop.schedule(
                    () -> {
                        Listener told = end();
                        if (told != null) {
                            abandon();
                            told.onFailed(
                                    true,
                                    place(target) + " did not answer within " + timeout.toMillis()
                                            + " ms: is the pod overloaded, or does a NetworkPolicy block it?");
                        }
                    },
                    timeout.toNanos(),
                    TimeUnit.NANOSECONDS);
        }

        private String place(InetSocketAddress target) {
            return endpoint.workload().uid() + " at " + TunnelHeaders.text(target);
        }

        // ---- a stream

        void tunnel(InetSocketAddress target, ChannelHandler handler) {
            PoolKey key = outgoing.key(endpoint.workload(), target);
            StreamChannel channel = new StreamChannel(new InetSocketAddress(key.source(), 0), target);
            channel.pipeline().addLast(handler);
            ConnectRequest request = new ConnectRequest(TunnelHeaders.text(target), outgoing.headers(null, null));
            PendingOpen pending = pool.open(
                    key, request, budgets.get(), channel.handler(), result -> onOpened(channel, target, result));
            if (listener != null) {
                opening = pending;
            }
        }

        private void onOpened(StreamChannel channel, InetSocketAddress target, OpenResult result) {
            opening = null;
            switch (result) {
                case OpenResult.Opened(var stream, var _) -> {
                    channel.opened(stream);
                    loop.register(channel);
                    connected(channel);
                }
                case OpenResult.Refused(int status, var _) -> failed(place(target) + ": " + refusal(status));
                case OpenResult.Failed(HboneFailure kind, String detail) -> {
                    Listener told = end();
                    if (told != null) {
                        told.onFailed(
                                kind == HboneFailure.CONNECT_TIMEOUT || kind == HboneFailure.RESPONSE_TIMEOUT,
                                place(target) + ": " + detail);
                    }
                }
            }
        }

        private static String refusal(int status) {
            return switch (status) {
                case 401 -> "its proxy refused this waypoint by policy (401)";
                case 503 -> "its proxy could not connect to the app (503)";
                default -> "its proxy refused the CONNECT with " + status;
            };
        }

        // ---- a socket

        void plain(InetSocketAddress target, ChannelHandler handler) {
            SocketChannel channel = sockets.connecting(
                    target.getAddress() instanceof Inet6Address
                            ? SocketProtocolFamily.INET6
                            : SocketProtocolFamily.INET);
            try {
                tuning.connecting(channel);
                // As of a stream: an end of the app's is the end, unless the codec asks for halves.
                channel.config().setAllowHalfClosure(false);
                // The time-out of this attempt is the only one.
                channel.config().setConnectTimeoutMillis(0);
            } catch (RuntimeException e) {
                channel.unsafe().closeForcibly();
                throw e;
            }
            channel.pipeline().addLast(handler);
            socket = channel;
            if (loop.register(channel).isSuccess()) {
                channel.connect(target).addListener(this);
            } else {
                channel.unsafe().closeForcibly();
                failLater("the waypoint is shutting down");
            }
        }

        @Override
        public void operationComplete(ChannelFuture future) {
            if (future.isSuccess()) {
                connected(future.channel());
            } else {
                Throwable cause = future.cause();
                failed(endpoint.workload().uid() + ": " + (cause.getMessage() == null ? cause : cause.getMessage()));
            }
        }

        // ---- the end

        private void connected(Channel channel) {
            socket = null;
            Listener told = end();
            if (told == null) {
                channel.close();
            } else {
                told.onConnected(channel);
            }
        }

        void failLater(String detail) {
            loop.execute(() -> failed(detail));
        }

        private void failed(String detail) {
            Listener told = end();
            if (told != null) {
                told.onFailed(false, detail);
            }
        }

        private @Nullable Listener end() {
            Listener told = listener;
            listener = null;
            if (expiry != null) {
                expiry.cancel(false);
                expiry = null;
            }
            return told;
        }

        private void abandon() {
            if (opening != null) {
                opening.cancel();
                opening = null;
            }
            if (socket != null) {
                socket.close();
                socket = null;
            }
        }

        @Override
        public void cancel() {
            assert loop.inEventLoop();
            end();
            abandon();
        }
    }
}

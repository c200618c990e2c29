package io.culvert.waypoint.tunnel;

import io.culvert.core.relay.SocketFactory;
import io.culvert.core.relay.SocketTuning;
import io.culvert.core.telemetry.Telemetry;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listening socket of tunnels. Owned by its loop, but for open and close. */
final class TunnelListener extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(TunnelListener.class);
    /** Accepting rests for so long after accept(2) failed. */
    private static final int REST_MILLIS = 100;

    private static final int BACKLOG = 4096;

    private final SocketFactory sockets;
    private final SocketTuning tuning;
    private final Supplier<EventLoop> loops;
    private final ChannelHandler initializer;
    private final Telemetry telemetry;
    private final int most;
    private final AtomicInteger open = new AtomicInteger();
    private boolean full;
    private volatile @Nullable ServerSocketChannel channel;

    /** @param most tunnels at once; further ones are reset */
    TunnelListener(
            SocketFactory sockets,
            SocketTuning tuning,
            Supplier<EventLoop> loops,
            ChannelHandler initializer,
            Telemetry telemetry,
            int most) {
        this.sockets = sockets;
        this.tuning = tuning;
        this.loops = loops;
        this.initializer = initializer;
        this.telemetry = telemetry;
        this.most = most;
    }

    /** Binds; completes with the address. Where any address is meant, both families, or IPv4 where there is no IPv6. */
    CompletableFuture<InetSocketAddress> open(InetSocketAddress address) {
        CompletableFuture<InetSocketAddress> bound = new CompletableFuture<>();
        bind(address, bound);
        return bound;
    }

    private void bind(InetSocketAddress address, CompletableFuture<InetSocketAddress> bound) {
        ServerSocketChannel made;
        try {
            made = sockets.listening(
                    address.getAddress() instanceof Inet6Address
                            ? SocketProtocolFamily.INET6
                            : SocketProtocolFamily.INET);
        } catch (RuntimeException e) {
            retryOrFail(address, bound, e);
            return;
        }
        made.config().setBacklog(BACKLOG);
        made.config().setReuseAddress(true);
        tuning.listening(made);
        made.pipeline().addLast(this);
        channel = made;
        loops.get().register(made).addListener(registered -> {
            if (!registered.isSuccess()) {
                bound.completeExceptionally(registered.cause());
                return;
            }
            made.bind(address).addListener((ChannelFuture result) -> {
                if (result.isSuccess()) {
                    bound.complete(made.localAddress());
                } else {
                    made.close().addListener(closed -> retryOrFail(address, bound, result.cause()));
                }
            });
        });
    }

    private void retryOrFail(InetSocketAddress address, CompletableFuture<InetSocketAddress> bound, Throwable cause) {
        if (address.getAddress() instanceof Inet6Address any && any.isAnyLocalAddress()) {
            bind(new InetSocketAddress("0.0.0.0", address.getPort()), bound);
            return;
        }
        bound.completeExceptionally(new IllegalStateException(
                "cannot listen on " + address + ": " + cause.getMessage() + " (does another process use the port?)",
                cause));
    }

    /** No new tunnels; idempotent. */
    void close() {
        ServerSocketChannel bound = channel;
        if (bound != null) {
            bound.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        SocketChannel accepted = (SocketChannel) msg;
        if (open.incrementAndGet() > most) {
            open.getAndDecrement();
            shed(accepted);
            return;
        }
        full = false;
        accepted.closeFuture().addListener(closed -> open.getAndDecrement());
        accepted.pipeline().addLast(initializer);
        loops.get().register(accepted).addListener(registered -> {
            if (!registered.isSuccess()) {
                accepted.unsafe().closeForcibly();
            }
        });
    }

    private void shed(SocketChannel accepted) {
        telemetry.acceptFailed("hbone", "too_many");
        if (!full) {
            full = true;
            LOG.warn(
                    "{} tunnels of clients are open, which is the limit (--max-connections): further ones are reset and"
                            + " counted until there is room",
                    most);
        }
        accepted.config().setSoLinger(0);
        accepted.unsafe().closeForcibly();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        telemetry.acceptFailed("hbone", "other");
        LOG.warn("cannot accept tunnels: {}; accepting rests for {} ms", cause.getMessage(), REST_MILLIS);
        ctx.channel().config().setAutoRead(false);
        ctx.executor().schedule(() -> ctx.channel().config().setAutoRead(true), REST_MILLIS, TimeUnit.MILLISECONDS);
    }
}

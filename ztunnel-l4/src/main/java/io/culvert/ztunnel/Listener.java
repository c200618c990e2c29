package io.culvert.ztunnel;

import io.culvert.core.linux.TcpOptions;
import io.culvert.core.relay.DialFailures;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One listening socket in a pod's namespace. Hands accepted channels over unregistered, so that each can go to the loop
 * where its tunnel lives. Owned by its loop, but for open, close and isOpen.
 */
final class Listener extends ChannelInboundHandlerAdapter {
    /** Takes what is accepted, on the listener's loop. */
    interface Taker {
        void accepted(SocketChannel channel);

        /** No descriptor was left but the reserve: the channel is reset when this returns. */
        void shed(SocketChannel channel);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);
    /** Accepting rests for so long after accept(2) failed: the queue waits, the other sockets of the loop do not. */
    private static final int REST_MILLIS = 100;

    private static final int ACCEPTS_PER_TURN = 64;
    /** The log says it once in so long; the counter counts each. */
    private static final long COMPLAINT_MILLIS = 10_000;

    private final String label;
    private final int port;
    private final PodProxy pod;
    private final Taker taker;
    private volatile @Nullable ServerSocketChannel channel;
    private boolean shedding;
    private long complainedAt = -COMPLAINT_MILLIS;

    /** @param label in metrics and logs: outbound, inbound_plain or hbone */
    Listener(String label, int port, PodProxy pod, Taker taker) {
        this.label = label;
        this.port = port;
        this.pod = pod;
        this.taker = taker;
    }

    /** Binds both families, or IPv4 where the pod has no IPv6. On {@code loop}. */
    CompletableFuture<Void> open(EventLoop loop) {
        CompletableFuture<Void> bound = new CompletableFuture<>();
        bind(loop, SocketProtocolFamily.INET6, bound);
        return bound;
    }

    private void bind(EventLoop loop, SocketProtocolFamily family, CompletableFuture<Void> bound) {
        ServerSocketChannel made;
        try {
            made = pod.sockets.listening(family);
        } catch (RuntimeException e) {
            retryOrFail(loop, family, bound, e);
            return;
        }
        try {
            configure(made);
        } catch (RuntimeException e) {
            made.unsafe().closeForcibly();
            retryOrFail(loop, family, bound, e);
            return;
        }
        channel = made;
        made.pipeline().addLast(this);
        String any = family == SocketProtocolFamily.INET6 ? "::" : "0.0.0.0";
        loop.register(made).addListener(registered -> {
            if (!registered.isSuccess()) {
                bound.completeExceptionally(registered.cause());
                return;
            }
            made.bind(new InetSocketAddress(any, port)).addListener((ChannelFuture result) -> {
                if (result.isSuccess()) {
                    bound.complete(null);
                } else {
                    made.close().addListener(closed -> retryOrFail(loop, family, bound, result.cause()));
                }
            });
        });
    }

    private void retryOrFail(
            EventLoop loop, SocketProtocolFamily family, CompletableFuture<Void> bound, Throwable cause) {
        if (family == SocketProtocolFamily.INET6 && !DialFailures.isNoDescriptors(cause)) {
            bind(loop, SocketProtocolFamily.INET, bound);
            return;
        }
        bound.completeExceptionally(new IllegalStateException(
                "cannot listen on port " + port + " in the namespace of " + pod.uid + ": " + cause.getMessage()
                        + " (does a process of the pod, or another agent, use the port?)",
                cause));
    }

    private void configure(ServerSocketChannel made) {
        var settings = pod.node.settings();
        made.config().setBacklog(settings.backlog());
        made.config().setReuseAddress(true);
        made.config().setOption(TcpOptions.REUSE_PORT, settings.reusePort() ? 1 : 0);
        made.config().setOption(TcpOptions.TRANSPARENT, 1);
        made.config()
                .setRecvByteBufAllocator(new ServerChannelRecvByteBufAllocator().maxMessagesPerRead(ACCEPTS_PER_TURN));
        pod.node.tuning().listening(made);
    }

    boolean isOpen() {
        ServerSocketChannel bound = channel;
        return bound != null && bound.isActive();
    }

    /** The bound port; for tests that bind port 0. */
    int port() {
        ServerSocketChannel bound = channel;
        return bound == null ? 0 : bound.localAddress().getPort();
    }

    CompletableFuture<Void> close() {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        ServerSocketChannel bound = channel;
        if (bound == null || !bound.isRegistered()) {
            closed.complete(null);
            return closed;
        }
        bound.close().addListener(done -> closed.complete(null));
        return closed;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        SocketChannel accepted = (SocketChannel) msg;
        try {
            // With io_uring what is shed may come long after it was asked for, when descriptors are there again.
            if (!shedding || pod.node.reserve().refill()) {
                taker.accepted(accepted);
                return;
            }
            taker.shed(accepted);
        } catch (RuntimeException e) {
            LOG.warn("connection from {} to {} port {} lost", accepted.remoteAddress(), pod.uid, port, e);
        }
        reset(accepted);
    }

    static void reset(SocketChannel accepted) {
        if (accepted.isOpen()) {
            accepted.config().setSoLinger(0);
            if (accepted.isRegistered()) {
                var _ = accepted.close();
            } else {
                accepted.unsafe().closeForcibly();
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (shedding) {
            shedding = false;
            pod.node.reserve().refill();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        boolean none = DialFailures.isNoDescriptors(cause);
        pod.node.telemetry().acceptFailed(label, none ? "no_descriptors" : "other");
        long now = pod.node.timers().of(ctx.executor()).now();
        if (now - complainedAt >= COMPLAINT_MILLIS) {
            complainedAt = now;
            LOG.warn(
                    "cannot accept connections of {} on port {}: {}{}",
                    pod.uid,
                    port,
                    cause.getMessage(),
                    none ? "; raise the agent's RLIMIT_NOFILE. New connections are refused meanwhile" : "");
        }
        ctx.channel().config().setAutoRead(false);
        // After this read has ended: a read from inside of it would be lost.
        ctx.executor().execute(() -> shed(ctx, none));
        var _ = ctx.executor()
                .schedule(
                        () -> {
                            // With io_uring a read that found nothing to shed still waits: what it brings is taken.
                            shedding = false;
                            // Others of the process are after what is freed too: the reserve has to keep trying.
                            pod.node.reserve().refill();
                            ctx.channel().config().setAutoRead(true);
                        },
                        REST_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private void shed(ChannelHandlerContext ctx, boolean none) {
        if (none && ctx.channel().isActive() && pod.node.reserve().spend()) {
            shedding = true;
            ctx.read();
        }
    }
}

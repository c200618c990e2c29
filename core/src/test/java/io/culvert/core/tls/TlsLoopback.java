package io.culvert.core.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A TLS server on a loopback port that sends back what it gets, and clients of it; handshake outcomes are kept. */
final class TlsLoopback implements AutoCloseable {
    /** How one side's handshake ended; without failure when it succeeded. */
    record Outcome(SslHandler handler, @Nullable Throwable failure) {
        Throwable error() {
            if (failure == null) {
                throw new AssertionError("the handshake succeeded");
            }
            return failure;
        }

        TlsFailure kind() {
            return TlsFailure.of(error());
        }
    }

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final BlockingQueue<Outcome> accepted = new LinkedBlockingQueue<>();
    private final Map<SslHandler, Channel> channels = new ConcurrentHashMap<>();
    private final Map<SslHandler, AtomicInteger> received = new ConcurrentHashMap<>();
    private final MeshTls tls;
    private final Channel listener;

    TlsLoopback(MeshTls tls, SslContext server) throws InterruptedException {
        this.tls = tls;
        this.listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(initializer(server, accepted, true))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** The next connection's outcome on the server's side. */
    Outcome accepted() throws InterruptedException {
        return take(accepted);
    }

    /** A client's outcome; its channel stays open. */
    Outcome connect(SslContext client) throws InterruptedException {
        BlockingQueue<Outcome> outcome = new LinkedBlockingQueue<>();
        new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(initializer(client, outcome, false))
                .connect(listener.localAddress())
                .sync();
        return take(outcome);
    }

    /** How many bytes came from the other side since this one's handshake was done. */
    int bytesSinceHandshake(Outcome side) {
        return Objects.requireNonNull(received.get(side.handler())).get();
    }

    /** What comes back for these bytes. */
    String echo(Outcome client, String text) throws InterruptedException {
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        Channel channel = Objects.requireNonNull(channels.get(client.handler()));
        channel.pipeline().addLast(new SimpleChannelInboundHandler<ByteBuf>() {
            @Override
            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf data) {
                answers.add(data.toString(US_ASCII));
                ctx.pipeline().remove(this);
            }
        });
        channel.writeAndFlush(channel.alloc().buffer().writeBytes(text.getBytes(US_ASCII)));
        String answer = answers.poll(10, TimeUnit.SECONDS);
        return answer == null ? "nothing" : answer;
    }

    private ChannelInitializer<Channel> initializer(SslContext context, BlockingQueue<Outcome> outcomes, boolean echo) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                SslHandler handler = tls.newHandler(context, channel.alloc());
                channels.put(handler, channel);
                channel.pipeline().addLast(new CountAfterHandshake(handler, received));
                handler.handshakeFuture().addListener(done -> outcomes.add(new Outcome(handler, done.cause())));
                channel.pipeline().addLast(handler);
                channel.pipeline().addLast(new End(echo));
            }
        };
    }

    private static Outcome take(BlockingQueue<Outcome> outcomes) throws InterruptedException {
        Outcome outcome = outcomes.poll(10, TimeUnit.SECONDS);
        if (outcome == null) {
            throw new AssertionError("no handshake ended within 10 s");
        }
        return outcome;
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Sends back what comes, if it is to, and ends quietly. */
    private static final class End extends SimpleChannelInboundHandler<ByteBuf> {
        private final boolean echo;

        End(boolean echo) {
            this.echo = echo;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf data) {
            if (echo) {
                ctx.writeAndFlush(data.retain());
            } else {
                ctx.fireChannelRead(data.retain());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static final class CountAfterHandshake extends ChannelInboundHandlerAdapter {
        private final SslHandler handler;
        private final AtomicInteger bytes = new AtomicInteger();

        CountAfterHandshake(SslHandler handler, Map<SslHandler, AtomicInteger> received) {
            this.handler = handler;
            received.put(handler, bytes);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object data) {
            if (handler.handshakeFuture().isSuccess()) {
                bytes.addAndGet(((ByteBuf) data).readableBytes());
            }
            ctx.fireChannelRead(data);
        }
    }
}

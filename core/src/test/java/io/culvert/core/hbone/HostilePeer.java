package io.culvert.core.hbone;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a tunnel over real TLS, with one connected stream, that then says the same bytes over and over for as
 * long as the connection takes them, and grants no window. Its buffers are not those of the {@link Loopback}, so that
 * what our end holds can be told.
 */
final class HostilePeer extends ChannelInitializer<Channel> {
    /** Our end has connected stream 1 and the noise begins. */
    final CompletableFuture<Void> connected = new CompletableFuture<>();
    /** Our end has closed the connection. */
    final CompletableFuture<Void> hungUpOn = new CompletableFuture<>();

    private final SslContext tls;
    private final Loopback net;
    private final boolean client;
    private final byte[] before;
    private final byte[] noise;

    private final class Talk extends ChannelInboundHandlerAdapter {
        private final HeaderCodec codec = new HeaderCodec(65_536);
        private @Nullable FrameReader reader;
        private boolean noisy;

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
                reader = new FrameReader(new Listening(ctx), ctx.alloc(), !client, 1 << 20, 65_536);
                if (client) {
                    ctx.write(Frames.preface());
                }
                ctx.write(Frames.settings(ctx.alloc(), Frames.SETTINGS_INITIAL_WINDOW_SIZE, 0));
                ctx.write(Frames.settingsAck(ctx.alloc()));
                if (client) {
                    headers(
                            ctx,
                            new DefaultHttp2Headers(false).method("CONNECT").authority("10.0.0.1:80"));
                }
                ctx.flush();
            }
        }

        private void headers(ChannelHandlerContext ctx, Http2Headers headers) {
            ctx.writeAndFlush(codec.encode(ctx.alloc(), 1, headers, false, 16_384));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            FrameReader to = reader;
            if (to == null) {
                ((ByteBuf) message).release();
            } else {
                to.read((ByteBuf) message);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (noisy) {
                shout(ctx);
            }
        }

        private void begin(ChannelHandlerContext ctx) {
            ctx.write(ctx.alloc().directBuffer().writeBytes(before));
            noisy = true;
            connected.complete(null);
            shout(ctx);
        }

        private void shout(ChannelHandlerContext ctx) {
            if (noise.length == 0) {
                ctx.flush();
            } else if (ctx.channel().isActive() && ctx.channel().isWritable()) {
                // One batch a turn: a loop that the test shares with others is not what is tested.
                ctx.writeAndFlush(ctx.alloc().directBuffer(noise.length).writeBytes(noise));
                ctx.executor().execute(() -> shout(ctx));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (reader != null) {
                reader.stop();
            }
            codec.close();
            hungUpOn.complete(null);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // The connection may end by a RST, since our end closes it with bytes unread.
            ctx.close();
        }

        private final class Listening extends FrameReaderTest.Log {
            private final ChannelHandlerContext ctx;

            Listening(ChannelHandlerContext ctx) {
                this.ctx = ctx;
            }

            @Override
            public void onHeaders(int stream, ByteBuf block, boolean endStream) {
                if (!client) {
                    headers(ctx, new DefaultHttp2Headers(false).status("200"));
                }
                begin(ctx);
            }
        }
    }

    private HostilePeer(Loopback net, boolean client, byte[] before, byte[] noise) {
        this.net = net;
        this.client = client;
        this.before = before;
        this.noise = noise;
        tls = client
                ? net.mesh.meshTls().client(net.mesh.credentials(net.clientId))
                : net.mesh.meshTls().server(net.mesh.credentials(net.serverId));
    }

    /** A client that connects to {@code server}, says {@code before} once and then {@code noise}. */
    static HostilePeer client(Loopback net, InetSocketAddress server, byte[] before, byte[] noise) throws Exception {
        HostilePeer peer = new HostilePeer(net, true, before, noise);
        new Bootstrap()
                .group(net.loop)
                .channel(EpollSocketChannel.class)
                .handler(peer)
                .connect(server)
                .sync();
        return peer;
    }

    /** A server to be bound, that does the same to the first stream. */
    static HostilePeer server(Loopback net, byte[] before, byte[] noise) {
        return new HostilePeer(net, false, before, noise);
    }

    @Override
    protected void initChannel(Channel ch) {
        ch.config().setAllocator(UnpooledByteBufAllocator.DEFAULT);
        ch.pipeline().addLast(net.mesh.meshTls().newHandler(tls, ch.alloc()), new Talk());
    }
}

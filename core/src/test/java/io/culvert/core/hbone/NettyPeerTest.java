package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against an HTTP/2 that is not ours: Netty's codec as server and as client, over real TLS. */
@Timeout(60)
class NettyPeerTest {
    /** A server that answers CONNECT and echoes, with Netty's own flow control judging ours. */
    private static final class NettyEcho extends ChannelInboundHandlerAdapter {
        final BlockingQueue<Http2Headers> requests = new LinkedBlockingQueue<>();
        final BlockingQueue<Long> resets = new LinkedBlockingQueue<>();
        final CompletableFuture<Http2FrameStream> stream = new CompletableFuture<>();
        final CompletableFuture<ChannelHandlerContext> context = new CompletableFuture<>();
        final CompletableFuture<Throwable> error = new CompletableFuture<>();

        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object frame) {
            context.complete(ctx);
            if (frame instanceof Http2HeadersFrame headers) {
                requests.add(headers.headers());
                stream.complete(headers.stream());
                ctx.write(
                        new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200")).stream(headers.stream()));
            } else if (frame instanceof Http2DataFrame data) {
                int n = data.initialFlowControlledBytes();
                Http2FrameStream on = data.stream();
                ctx.write(new DefaultHttp2DataFrame(data.content(), data.isEndStream()).stream(on))
                        .addListener(f -> ctx.write(new DefaultHttp2WindowUpdateFrame(n).stream(on)));
            } else {
                if (frame instanceof Http2ResetFrame reset) {
                    resets.add(reset.errorCode());
                }
                ReferenceCountUtil.release(frame);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            error.complete(cause);
        }
    }

    private static PoolKey nettyServer(Loopback net, NettyEcho echo) throws Exception {
        return net.key(net.bind(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel ch) {
                var context = net.mesh.meshTls().server(net.mesh.credentials(net.serverId));
                ch.pipeline()
                        .addLast(
                                net.mesh.meshTls().newHandler(context, ch.alloc()),
                                Http2FrameCodecBuilder.forServer().build(),
                                echo);
            }
        }));
    }

    @Test
    void our_client_is_understood_by_nettys_server() throws Exception {
        long seed = System.nanoTime();
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        NettyEcho echo = new NettyEcho();
        try (Loopback net = new Loopback()) {
            PoolKey key = nettyServer(net, echo);
            for (int i = 0; i < 8; i++) {
                Recorder app = new Recorder();
                net.opened(key, app);
                long size = random.nextInt(3 << 20);
                int piece = 1000 + random.nextInt(200_000);
                net.loop.execute(() -> app.send(size, piece, true));
                assertThat(app.awaitFinished()).isEqualTo(size);
                app.awaitClosed();
            }
            Http2Headers request = echo.requests.take();
            assertThat(request.size()).isEqualTo(2);
            assertThat(request.method()).hasToString("CONNECT");
            assertThat(request.authority()).hasToString("10.0.0.1:80");
            assertThat(echo.error).isNotDone();
        }
    }

    @Test
    void our_resets_reach_nettys_server_as_connect_error_and_its_cancel_resets_ours() throws Exception {
        NettyEcho echo = new NettyEcho();
        try (Loopback net = new Loopback()) {
            PoolKey key = nettyServer(net, echo);
            Recorder first = new Recorder();
            HboneStream stream = net.opened(key, first);
            net.loop.execute(() -> stream.reset(H2Error.CANCEL));
            assertThat(echo.resets.poll(20, TimeUnit.SECONDS)).isEqualTo(H2Error.CONNECT_ERROR.code());

            NettyEcho second = new NettyEcho();
            PoolKey other = nettyServer(net, second);
            Recorder app = new Recorder();
            net.opened(other, app);
            ChannelHandlerContext ctx = second.context.get(20, TimeUnit.SECONDS);
            Http2FrameStream on = second.stream.get(20, TimeUnit.SECONDS);
            ctx.writeAndFlush(new DefaultHttp2ResetFrame(io.netty.handler.codec.http2.Http2Error.CANCEL).stream(on));
            ResetReason reason = app.awaitReset();
            assertThat(reason.kind()).isEqualTo(ResetReason.Kind.PEER_RESET);
            assertThat(reason.code()).isEqualTo(H2Error.CANCEL);
        }
    }

    @Test
    void a_goaway_of_nettys_server_lets_streams_finish_and_new_ones_use_a_new_tunnel() throws Exception {
        NettyEcho echo = new NettyEcho();
        try (Loopback net = new Loopback()) {
            PoolKey key = nettyServer(net, echo);
            Recorder first = new Recorder();
            net.opened(key, first);
            ChannelHandlerContext ctx = echo.context.get(20, TimeUnit.SECONDS);
            ctx.writeAndFlush(new DefaultHttp2GoAwayFrame(io.netty.handler.codec.http2.Http2Error.NO_ERROR));
            // Behind the GOAWAY: what comes back says that the client has seen it.
            net.loop.execute(() -> first.send(1, 1, false));
            while (first.received == 0) {
                Thread.onSpinWait();
            }
            Recorder second = new Recorder();
            net.opened(key, second);
            assertThat(net.pool.stats().tunnelsUp()).isEqualTo(2);
            net.loop.execute(() -> first.send(100_000, 1000, true));
            assertThat(first.awaitFinished()).isEqualTo(100_001);
        }
    }

    /** A client of Netty's: opens streams and collects what comes. */
    private static final class NettyClient extends ChannelInboundHandlerAdapter {
        final BlockingQueue<Object> frames = new LinkedBlockingQueue<>();
        final CompletableFuture<Long> echoed = new CompletableFuture<>();
        final CompletableFuture<Throwable> error = new CompletableFuture<>();
        private long received;
        private boolean wrong;

        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object frame) {
            if (frame instanceof Http2DataFrame data) {
                ByteBuf content = data.content();
                byte[] bytes = new byte[content.readableBytes()];
                content.readBytes(bytes);
                for (byte b : bytes) {
                    wrong |= b != Recorder.pattern(received++);
                }
                if (data.isEndStream()) {
                    echoed.complete(wrong ? -1 : received);
                }
                data.release();
            } else {
                frames.add(frame);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            error.complete(cause);
        }

        <T> T await(Class<T> type) throws InterruptedException {
            while (true) {
                Object frame = frames.poll(20, TimeUnit.SECONDS);
                assertThat(frame).as("a " + type.getSimpleName()).isNotNull();
                if (type.isInstance(frame)) {
                    return type.cast(frame);
                }
            }
        }
    }

    private static Channel nettyClient(Loopback net, InetSocketAddress to, NettyClient client) throws Exception {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        Channel channel = new Bootstrap()
                .group(net.loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.ALLOCATOR, net.allocator)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        var context = net.mesh.meshTls().client(net.mesh.credentials(net.clientId));
                        var ssl = net.mesh.meshTls().newHandler(context, ch.alloc());
                        ssl.handshakeFuture().addListener(f -> ready.complete(null));
                        ch.pipeline()
                                .addLast(
                                        ssl,
                                        Http2FrameCodecBuilder.forClient()
                                                .initialSettings(Http2Settings.defaultSettings())
                                                .build(),
                                        new Http2MultiplexHandler(client),
                                        client);
                    }
                })
                .connect(to)
                .sync()
                .channel();
        ready.get(20, TimeUnit.SECONDS);
        return channel;
    }

    private static Channel request(Channel channel, NettyClient client, Http2Headers headers, boolean end)
            throws Exception {
        Channel stream = new Http2StreamChannelBootstrap(channel)
                .option(ChannelOption.ALLOCATOR, channel.alloc())
                .handler(client)
                .open()
                .sync()
                .getNow();
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers, end)).sync();
        return stream;
    }

    private static Http2Headers connect(String authority) {
        return new DefaultHttp2Headers().method("CONNECT").authority(authority);
    }

    @Test
    void our_server_is_understood_by_nettys_client() throws Exception {
        try (Loopback net = new Loopback()) {
            PoolKey key = net.listen(Echo.server());
            NettyClient client = new NettyClient();
            Channel channel = nettyClient(net, key.destination(), client);
            Channel stream = request(channel, client, connect("10.0.0.1:80"), false);
            assertThat(client.await(Http2HeadersFrame.class).headers().status()).hasToString("200");
            int total = 3_000_000;
            byte[] bytes = new byte[total];
            for (int i = 0; i < total; i++) {
                bytes[i] = Recorder.pattern(i);
            }
            stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(bytes), true, 17));
            assertThat(client.echoed.get(20, TimeUnit.SECONDS)).isEqualTo(total);
            assertThat(client.error).isNotDone();
            channel.close().sync();
        }
    }

    @Test
    void anything_but_a_good_connect_is_a_400_and_the_tunnel_stays() throws Exception {
        try (Loopback net = new Loopback()) {
            PoolKey key = net.listen(Echo.server());
            NettyClient client = new NettyClient();
            Channel channel = nettyClient(net, key.destination(), client);
            Http2Headers get = new DefaultHttp2Headers()
                    .method("GET")
                    .scheme("https")
                    .path("/")
                    .authority("example.org");
            for (Http2Headers bad : List.of(get, connect("10.0.0.1"), connect("user@h:80"), connect("10.0.0.1:0"))) {
                request(channel, client, bad, true);
                Http2HeadersFrame answer = client.await(Http2HeadersFrame.class);
                assertThat(answer.headers().status()).hasToString("400");
                assertThat(answer.isEndStream()).isTrue();
            }
            request(channel, client, connect("svc.ns.svc.cluster.local:80"), false);
            assertThat(client.await(Http2HeadersFrame.class).headers().status()).hasToString("200");
            channel.close().sync();
        }
    }

    @Test
    void a_client_of_nettys_sees_our_drain_as_two_goaways_and_its_stream_finishes() throws Exception {
        try (Loopback net = new Loopback()) {
            HboneServer server = net.newServer(Echo.server(), HboneSettings.DEFAULT);
            PoolKey key = net.listen(server);
            NettyClient client = new NettyClient();
            Channel channel = nettyClient(net, key.destination(), client);
            Channel stream = request(channel, client, connect("10.0.0.1:80"), false);
            client.await(Http2HeadersFrame.class);
            CompletableFuture<Void> drained = server.drain(java.time.Duration.ofSeconds(20));
            assertThat(release(client.await(Http2GoAwayFrame.class)).lastStreamId())
                    .isEqualTo(Integer.MAX_VALUE);
            int id = ((Http2StreamChannel) stream).stream().id();
            assertThat(release(client.await(Http2GoAwayFrame.class)).lastStreamId())
                    .isEqualTo(id);
            byte[] bytes = new byte[10_000];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = Recorder.pattern(i);
            }
            stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(bytes), true));
            assertThat(client.echoed.get(20, TimeUnit.SECONDS)).isEqualTo(bytes.length);
            drained.get(20, TimeUnit.SECONDS);
            channel.closeFuture().get(20, TimeUnit.SECONDS);
            drain(client);
        }
    }

    private static Http2GoAwayFrame release(Http2GoAwayFrame frame) {
        frame.release();
        return frame;
    }

    private static void drain(NettyClient client) {
        for (@Nullable Object frame = client.frames.poll(); frame != null; frame = client.frames.poll()) {
            ReferenceCountUtil.release(frame);
        }
    }
}

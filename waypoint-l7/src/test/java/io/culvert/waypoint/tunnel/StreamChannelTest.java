package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.hbone.ResetReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A channel over a stream of a real tunnel, against a client's end of the stream. */
@Timeout(30)
@SuppressWarnings("NullAway.Init")
class StreamChannelTest {
    private static final InetSocketAddress ADDRESSED = InetSocketAddress.createUnresolved("svc", 80);

    private final CompletableFuture<StreamChannel> accepted = new CompletableFuture<>();
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final AtomicInteger read = new AtomicInteger();
    private Loopback net;

    @BeforeEach
    void bringUp() throws Exception {
        net = new Loopback();
    }

    @AfterEach
    void tearDown() {
        net.close();
    }

    /** Each accepted stream becomes a channel with {@code handler}. */
    private ConnectHandler channels(ChannelInboundHandlerAdapter handler, boolean autoRead) {
        return connect -> {
            StreamChannel channel =
                    new StreamChannel(ADDRESSED, connect.tunnel().remoteAddress());
            channel.config().setAutoRead(autoRead);
            channel.pipeline().addLast(handler);
            channel.opened(connect.accept(channel.handler(), List.of()));
            connect.eventLoop().register(channel);
            accepted.complete(channel);
        };
    }

    private Recorder connect(ChannelInboundHandlerAdapter handler, boolean autoRead) throws Exception {
        net.serve(1, "server", channels(handler, autoRead), HboneSettings.DEFAULT);
        return net.connect(net.key("client", "server", 1), "10.0.0.1:80");
    }

    private StreamChannel channel() throws Exception {
        return accepted.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    private <T> T onChannelLoop(Callable<T> action) throws Exception {
        return channel().eventLoop().submit(action).get(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    private @Nullable String event() throws InterruptedException {
        return events.poll(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    /** Tells what happens, and drops what it reads. */
    private final class Events extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            events.add("active");
            ctx.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            read.addAndGet(((ByteBuf) msg).readableBytes());
            ReferenceCountUtil.release(msg);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                events.add("input ended");
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            events.add("writable: " + ctx.channel().isWritable());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            events.add(cause.getClass().getSimpleName());
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            events.add("inactive");
        }
    }

    /** Sends back what comes, and stops reading while the stream takes no more. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.write(msg);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
            if (ctx.channel().isWritable()) {
                ctx.read();
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.read();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (ctx.channel().isWritable()) {
                ctx.read();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                ctx.close();
            }
        }

        @Override
        public boolean isSharable() {
            return true;
        }
    }

    @Test
    void bytesGoBothWaysAndAHalfCloseIsTheEndOfOneDirection() throws Exception {
        net.serve(
                1,
                "server",
                connect -> {
                    StreamChannel channel =
                            new StreamChannel(ADDRESSED, connect.tunnel().remoteAddress());
                    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                    channel.pipeline().addLast(new Echo());
                    channel.opened(connect.accept(channel.handler(), List.of()));
                    connect.eventLoop().register(channel);
                    accepted.complete(channel);
                },
                HboneSettings.DEFAULT);
        long seed = System.nanoTime();
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        byte[] all = new byte[3 << 20];
        random.nextBytes(all);
        Recorder client = net.connect(net.key("client", "server", 1), "10.0.0.1:80");
        Queue<byte[]> pieces = new ArrayDeque<>();
        for (int at = 0; at < all.length; ) {
            int n = Math.min(all.length - at, 1 + random.nextInt(40_000));
            pieces.add(java.util.Arrays.copyOfRange(all, at, at + n));
            at += n;
        }
        pieces.forEach(client::send);
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
        assertThat(client.bytes()).isEqualTo(all);
        assertThat(client.awaitClosed()).isTrue();
        assertThat(channel().closeFuture().await(Loopback.SECONDS, TimeUnit.SECONDS))
                .isTrue();
        assertThat(channel().remoteAddress()).isInstanceOf(InetSocketAddress.class);
        assertThat(channel().localAddress()).isEqualTo(ADDRESSED);
    }

    @Test
    void nothingIsReadUnlessAskedForAndThePeerMaySendOneWindow() throws Exception {
        Recorder client = connect(new Events(), false);
        assertThat(event()).isEqualTo("active");
        client.send(new byte[1 << 20]);
        // The peer's own queue holds what the window of 64 KiB did not take.
        int window = 64 << 10;
        onClientLoopUntil(client, () -> client.stream().queuedBytes() == (1 << 20) - window);
        assertThat(read).hasValue(0);
        onChannelLoop(() -> channel().read());
        onClientLoopUntil(client, () -> read.get() > 0);
        onChannelLoop(() -> channel().config().setAutoRead(true));
        onClientLoopUntil(client, () -> read.get() == 1 << 20);
    }

    private void onClientLoopUntil(Recorder client, Callable<Boolean> condition) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        poll(client, condition, done);
        done.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    private static void poll(Recorder client, Callable<Boolean> condition, CompletableFuture<Void> done) {
        client.stream()
                .eventLoop()
                .schedule(
                        () -> {
                            if (condition.call()) {
                                done.complete(null);
                            } else if (!done.isDone()) {
                                poll(client, condition, done);
                            }
                            return null;
                        },
                        1,
                        TimeUnit.MILLISECONDS);
    }

    @Test
    void writabilityIsTheStreams() throws Exception {
        Recorder client = connect(new Events(), true);
        assertThat(event()).isEqualTo("active");
        client.stream().eventLoop().submit(client::stopReading).sync();
        onChannelLoop(() -> {
            Channel channel = channel();
            for (int i = 0; channel.isWritable(); i++) {
                assertThat(i).isLessThan(1000);
                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[64 << 10]));
            }
            return null;
        });
        assertThat(event()).isEqualTo("writable: false");
        client.stream().eventLoop().submit(client::goOnReading).sync();
        assertThat(event()).isEqualTo("writable: true");
    }

    @Test
    void aCloseSendsWhatWasWrittenAndThenEnds() throws Exception {
        Recorder client = connect(new Events(), true);
        client.stream().eventLoop().submit(client::stopReading).sync();
        byte[] large = new byte[1 << 20];
        onChannelLoop(() -> {
            channel().writeAndFlush(Unpooled.wrappedBuffer(large));
            return channel().close();
        });
        assertThat(event()).isEqualTo("active");
        client.stream().eventLoop().submit(client::goOnReading).sync();
        assertThat(client.awaitFinished()).isTrue();
        assertThat(client.bytes()).hasSize(large.length);
        client.finish();
        assertThat(client.awaitClosed()).isTrue();
    }

    @Test
    void aPeerThatDoesNotEndAfterACloseIsToldToGo() throws Exception {
        Recorder client = connect(new Events(), true);
        onChannelLoop(() -> channel().writeAndFlush(text("bye")).channel().close());
        assertThat(client.awaitFinished()).isTrue();
        assertThat(client.text()).isEqualTo("bye");
        client.send("more");
        ResetReason reason = client.awaitReset();
        assertThat(reason.clean()).as("%s", reason).isTrue();
    }

    @Test
    void aCloseWithoutLingeringIsAReset() throws Exception {
        Recorder client = connect(new Events(), true);
        onChannelLoop(() -> {
            channel().config().setOption(ChannelOption.SO_LINGER, 0);
            return channel().close();
        });
        ResetReason reason = client.awaitReset();
        assertThat(reason.kind()).isEqualTo(ResetReason.Kind.PEER_RESET);
    }

    @Test
    void aResetIsAnExceptionAndTheEnd() throws Exception {
        Recorder client = connect(new Events(), true);
        assertThat(event()).isEqualTo("active");
        client.send("x");
        onClientLoopUntil(client, () -> read.get() == 1);
        client.abort();
        assertThat(event()).isEqualTo("StreamResetException");
        assertThat(event()).isEqualTo("inactive");
    }

    @Test
    void withoutHalfClosureTheEndOfTheClientIsTheEnd() throws Exception {
        Recorder client = connect(new Events(), true);
        assertThat(event()).isEqualTo("active");
        client.send("last").finish();
        assertThat(event()).isEqualTo("inactive");
        assertThat(read).hasValue(4);
        assertThat(client.awaitFinished()).isTrue();
        assertThat(client.awaitClosed()).isTrue();
    }

    @Test
    void withHalfClosureOurDirectionGoesOn() throws Exception {
        Recorder client = connect(new Events(), true);
        onChannelLoop(() -> channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
        assertThat(event()).isEqualTo("active");
        client.finish();
        assertThat(event()).isEqualTo("input ended");
        onChannelLoop(() -> channel().writeAndFlush(text("still here")));
        client.await("still here");
        onChannelLoop(() -> channel().shutdownOutput());
        assertThat(client.awaitFinished()).isTrue();
        assertThat(event()).isEqualTo("inactive");
    }

    @Test
    void whatWasNotReadBeforeTheEndIsReadBeforeItIsTold() throws Exception {
        Recorder client = connect(new Events(), false);
        client.send("held").finish();
        assertThat(event()).isEqualTo("active");
        onClientLoopUntil(client, () -> client.stream().queuedBytes() == 0);
        assertThat(events).isEmpty();
        onChannelLoop(() -> channel().read());
        assertThat(event()).isEqualTo("inactive");
        assertThat(read).hasValue(4);
    }
}

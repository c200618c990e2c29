package io.culvert.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;

/** The kernel that tests run on must allow io_uring. */
class HungUpSocketsTest {
    private static final int CLIENTS = 8;
    private static final int MORE_THAN_BUFFERS_HOLD = 16 << 20;

    @RepeatedTest(5)
    void loopsEndWhileSocketsWhosePeersHungUpHaveMuchToWrite() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, Transport.IO_URING.factory());
        CountDownLatch halfClosed = new CountDownLatch(CLIENTS);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channelFactory(() -> (ServerChannel) Transport.IO_URING.listener(SocketProtocolFamily.INET))
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelActive(ChannelHandlerContext ctx) {
                                var _ = ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[MORE_THAN_BUFFERS_HOLD]));
                            }

                            @Override
                            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                                if (event instanceof ChannelInputShutdownEvent) {
                                    halfClosed.countDown();
                                }
                            }
                        });
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        int port = ((InetSocketAddress) listener.localAddress()).getPort();
        List<Socket> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CLIENTS; i++) {
                Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
                clients.add(client);
                client.shutdownOutput();
            }
            assertThat(halfClosed.await(20, TimeUnit.SECONDS)).as("half closed").isTrue();
            assertThat(group.shutdownGracefully(0, 100, TimeUnit.MILLISECONDS).await(20, TimeUnit.SECONDS))
                    .as("the loop has ended")
                    .isTrue();
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
    }
}

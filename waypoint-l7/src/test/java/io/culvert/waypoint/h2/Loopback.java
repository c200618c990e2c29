package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.RequestHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.Http2Error;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** A {@link ServerCodec} behind a loopback port, on one loop. */
final class Loopback implements AutoCloseable {
    final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final Queue<Integer> rejected = new ConcurrentLinkedQueue<>();
    final Queue<Http2Error> connectionErrors = new ConcurrentLinkedQueue<>();
    final Queue<Channel> channels = new ConcurrentLinkedQueue<>();
    final AtomicInteger exhausted = new AtomicInteger();
    final HeldBytes held = new HeldBytes(exhausted::incrementAndGet);
    private final Channel listening;

    Loopback(RequestHandler requests, H2Settings settings) {
        this(requests, settings, System::nanoTime);
    }

    Loopback(RequestHandler requests, H2Settings settings, LongSupplier nanoTime) {
        Http2Server.Listener listener = new Http2Server.Listener() {
            @Override
            public void onRejected(int status, String detail) {
                rejected.add(status);
            }

            @Override
            public void onConnectionError(Http2Error error, String detail) {
                connectionErrors.add(error);
            }
        };
        listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        channel.pipeline().addLast(new ServerCodec(requests, settings, listener, held, nanoTime));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    @Override
    public void close() {
        listening.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}

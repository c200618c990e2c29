package io.culvert.perf.load;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.InetSocketAddress;

/** Takes bytes, and at their end answers how many there were: eight bytes, big-endian. */
final class SinkServer {
    /** Length of the answer. */
    static final int ANSWER = Long.BYTES;

    private static final int READ = 256 << 10;

    private SinkServer() {}

    /** Listens on {@code address} in the namespace of {@code sockets} and serves on {@code loops}. */
    static Channel start(EventLoopGroup loops, PodSockets sockets, InetSocketAddress address) {
        return new ServerBootstrap()
                .group(loops)
                .channelFactory(sockets.listening())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(2048, READ, READ))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Sink());
                    }
                })
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    private static final class Sink extends ChannelInboundHandlerAdapter {
        private long bytes;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            bytes += data.readableBytes();
            data.release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                ctx.writeAndFlush(ctx.alloc().buffer(ANSWER).writeLong(bytes)).addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}

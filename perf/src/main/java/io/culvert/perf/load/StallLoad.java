package io.culvert.perf.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Connections to an echo server that send and never read: everything between fills up, and stays full until the end. On
 * one event loop; {@link #run} blocks its caller.
 */
final class StallLoad {
    private static final int CHUNK = 64 << 10;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private final ByteBuf memory = Unpooled.directBuffer(CHUNK, CHUNK).writeZero(CHUNK);
    // Written again and again: only the end of the load releases it.
    private final ByteBuf chunk = Unpooled.unreleasableBuffer(memory.asReadOnly());
    private final List<Channel> channels = new ArrayList<>();

    // Owned by the loop.
    private long sent;
    private long errors;
    private boolean over;

    private StallLoad() {}

    /** Stalls for the plan's length and ends its connections; a line of JSON with the names of {@link BulkResult}. */
    static String run(EventLoop loop, PodSockets sockets, BulkPlan plan) {
        StallLoad load = new StallLoad();
        try {
            return load.stall(loop, sockets, plan);
        } finally {
            load.memory.release();
        }
    }

    private String stall(EventLoop loop, PodSockets sockets, BulkPlan plan) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channelFactory(sockets.connecting())
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT_TIMEOUT.toMillis())
                .remoteAddress(plan.target());
        List<ChannelFuture> opening = new ArrayList<>();
        for (int i = 0; i < plan.streams(); i++) {
            opening.add(bootstrap.clone().handler(new Stalled()).connect());
        }
        for (ChannelFuture connect : opening) {
            channels.add(connect.syncUninterruptibly().channel());
        }
        CompletableFuture<String> done = new CompletableFuture<>();
        loop.schedule(() -> end(plan, done), plan.length().toNanos(), TimeUnit.NANOSECONDS);
        return done.join();
    }

    private void end(BulkPlan plan, CompletableFuture<String> done) {
        over = true;
        // What is queued will never leave: a reset, as of a process that ends.
        channels.forEach(channel -> {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
        });
        done.complete(String.format(
                Locale.ROOT,
                "{\"bytes\":%d,\"seconds\":%.3f,\"bytes_out\":%d,\"bytes_in\":0,\"opened\":%d,\"errors\":%d,"
                        + "\"trouble\":\"%s\"}",
                sent,
                plan.length().toNanos() / 1e9,
                sent,
                plan.streams(),
                errors,
                errors == 0 ? "" : "a stalled connection broke"));
    }

    private final class Stalled extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            fill(ctx);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            fill(ctx);
        }

        private void fill(ChannelHandlerContext ctx) {
            while (!over && ctx.channel().isActive() && ctx.channel().isWritable()) {
                ctx.writeAndFlush(chunk.duplicate()).addListener(f -> sent += f.isSuccess() ? CHUNK : 0);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            errors += over ? 0 : 1;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}

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
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Streams of bytes to sinks, unpaced or at a constant rate. On one event loop; {@link #run} blocks its caller. */
public final class BulkLoad {
    private static final int CHUNK = 128 << 10;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TAIL = Duration.ofSeconds(20);
    private static final Duration PACE = Duration.ofMillis(1);

    private final EventLoop loop;
    private final BulkPlan plan;
    private final Marks marks;
    private final ByteBuf memory = Unpooled.directBuffer(CHUNK, CHUNK).writeZero(CHUNK);
    // Written again and again: only the end of the load releases it.
    private final ByteBuf chunk = Unpooled.unreleasableBuffer(memory.asReadOnly());
    private final List<Stream> streams = new ArrayList<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // Owned by the loop.
    private long started;
    private long counting;
    private long countedUntil;
    private long sentBefore;
    private long sentUntil;
    private long allowed;
    private boolean stopped;
    private long sent;
    private long confirmed;
    private long errors;
    private int open;
    private String trouble = "";

    private BulkLoad(EventLoop loop, BulkPlan plan, Marks marks) {
        this.loop = loop;
        this.plan = plan;
        this.marks = marks;
    }

    /** Runs one round on {@code loop}, which nothing else should use meanwhile. */
    static BulkResult run(EventLoop loop, PodSockets sockets, BulkPlan plan, Marks marks) {
        BulkLoad load = new BulkLoad(loop, plan, marks);
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channelFactory(sockets.connecting())
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(2 * CHUNK, 4 * CHUNK))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT_TIMEOUT.toMillis())
                .remoteAddress(plan.target());
        List<ChannelFuture> opening = new ArrayList<>();
        for (int i = 0; i < plan.streams(); i++) {
            Stream stream = load.new Stream();
            load.streams.add(stream);
            opening.add(bootstrap.clone().handler(stream).connect());
        }
        opening.forEach(ChannelFuture::syncUninterruptibly);
        loop.execute(load::begin);
        load.done.join();
        // Every channel is closed: nothing holds the chunk.
        load.memory.release();
        return new BulkResult(
                load.sentUntil - load.sentBefore,
                (load.countedUntil - load.counting) / 1e9,
                load.sent,
                load.confirmed,
                plan.streams(),
                load.errors,
                load.trouble);
    }

    private void begin() {
        started = System.nanoTime();
        open = streams.size();
        loop.schedule(this::count, plan.warmUp().toNanos(), TimeUnit.NANOSECONDS);
        if (plan.bitsPerSecond() > 0) {
            pace();
        } else {
            allowed = plan.bytes() > 0 ? plan.bytes() : Long.MAX_VALUE;
            streams.forEach(Stream::fill);
        }
    }

    private void count() {
        marks.begin();
        counting = System.nanoTime();
        sentBefore = sent;
        loop.schedule(this::stop, plan.length().toNanos(), TimeUnit.NANOSECONDS);
    }

    private void pace() {
        if (stopped) {
            return;
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        allowed = (long) (plan.bitsPerSecond() / 8.0 * seconds);
        streams.forEach(Stream::fill);
        loop.schedule(this::pace, PACE.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void stop() {
        if (stopped) {
            return;
        }
        stopped = true;
        countedUntil = System.nanoTime();
        sentUntil = sent;
        marks.end();
        streams.forEach(Stream::finish);
        loop.schedule(this::giveUp, TAIL.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void giveUp() {
        if (!done.isDone()) {
            failed("after " + TAIL.toSeconds() + " s a sink has not said what arrived");
            streams.forEach(Stream::close);
            done.complete(null);
        }
    }

    private void failed(String why) {
        errors++;
        if (trouble.isEmpty()) {
            trouble = why;
        }
    }

    private final class Stream extends ChannelInboundHandlerAdapter {
        private @Nullable Channel channel;
        private long own;
        private long queued;
        private boolean answered;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            channel = ctx.channel();
        }

        void fill() {
            Channel to = channel;
            while (to != null && !stopped && to.isWritable() && queuedByAll() < allowed) {
                queued += CHUNK;
                to.write(chunk.duplicate()).addListener(f -> {
                    if (f.isSuccess()) {
                        sent += CHUNK;
                        own += CHUNK;
                        if (plan.bytes() > 0 && sent >= plan.bytes() && plan.bitsPerSecond() == 0) {
                            stop();
                        }
                    }
                });
                to.flush();
            }
        }

        private long queuedByAll() {
            if (allowed == Long.MAX_VALUE) {
                return 0;
            }
            long all = 0;
            for (Stream stream : streams) {
                all += stream.queued;
            }
            return all;
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            fill();
        }

        void finish() {
            Channel to = channel;
            if (to != null) {
                to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> ((SocketChannel) to).shutdownOutput());
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            if (data.readableBytes() == SinkServer.ANSWER && !answered) {
                answered = true;
                long arrived = data.readLong();
                confirmed += arrived;
                if (arrived != own) {
                    failed("a sink counted " + arrived + " of " + own + " bytes");
                }
            } else {
                failed("a sink answered something else than a count");
            }
            data.release();
            ctx.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            channel = null;
            if (!answered) {
                failed("a stream broke");
            }
            if (--open == 0) {
                stop();
                done.complete(null);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (trouble.isEmpty()) {
                trouble = String.valueOf(cause);
            }
            ctx.close();
        }

        void close() {
            if (channel != null) {
                channel.close();
            }
        }
    }
}

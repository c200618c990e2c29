package io.culvert.perf.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.agrona.collections.LongArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Requests and answers over a fixed number of connections, each with one request at a time.
 *
 * <p>Open loop: requests leave at a constant rate; one that finds its connection busy waits, and its latency counts from
 * the time at which it should have left, so that a stall is charged to every request it delayed (no coordinated
 * omission). Closed loop: the next request leaves when the answer is there, on the same connection or on a new one.
 *
 * <p>Everything runs on one event loop; {@link #run} blocks its caller until the round is over.
 */
public final class RequestLoad {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TAIL = Duration.ofSeconds(5);
    private static final long HIGHEST = 60_000_000_000L;

    private final EventLoop loop;
    private final RequestPlan plan;
    private final Marks marks;
    private final Bootstrap bootstrap;
    private final Histogram latency = new Histogram(HIGHEST, 3);
    private final Histogram lateness = new Histogram(HIGHEST, 3);
    private final List<Connection> connections = new ArrayList<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // Owned by the loop.
    private long measureFrom;
    private long stopAt;
    private long next;
    private long intervalNanos;
    private int turn;
    private long sent;
    private long answered;
    private long errors;
    private long resets;
    private long outstanding;
    private long opened;
    private long requests;
    private long bytesOut;
    private long bytesIn;
    private String trouble = "";

    private RequestLoad(EventLoop loop, PodSockets sockets, RequestPlan plan, Marks marks) {
        this.loop = loop;
        this.plan = plan;
        this.marks = marks;
        this.bootstrap = new Bootstrap()
                .group(loop)
                .channelFactory(sockets.connecting())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT_TIMEOUT.toMillis())
                .remoteAddress(plan.target());
    }

    /** Runs one round on {@code loop}, which nothing else should use meanwhile. */
    static RequestResult run(EventLoop loop, PodSockets sockets, RequestPlan plan, Marks marks)
            throws InterruptedException {
        RequestLoad load = new RequestLoad(loop, sockets, plan, marks);
        List<ChannelFuture> opening = new ArrayList<>();
        for (int i = 0; i < plan.connections(); i++) {
            Connection connection = load.new Connection();
            load.connections.add(connection);
            if (!plan.reconnect()) {
                opening.add(connection.connect());
            }
        }
        for (ChannelFuture connect : opening) {
            connect.syncUninterruptibly();
        }
        try (IdleSleeper sleeper = new IdleSleeper()) {
            loop.execute(load::begin);
            load.done.join();
            Histogram idle = sleeper.stop();
            loop.submit(() -> load.connections.forEach(Connection::close)).syncUninterruptibly();
            return load.result(idle);
        }
    }

    private RequestResult result(Histogram idle) {
        return new RequestResult(
                latency,
                lateness,
                idle,
                sent,
                answered,
                errors,
                resets,
                opened,
                requests,
                bytesOut,
                bytesIn,
                plan.length(),
                trouble);
    }

    private void begin() {
        long start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(10);
        measureFrom = start + plan.warmUp().toNanos();
        stopAt = measureFrom + plan.length().toNanos();
        next = start;
        loop.schedule(marks::begin, measureFrom - System.nanoTime(), TimeUnit.NANOSECONDS);
        loop.schedule(marks::end, stopAt - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (plan.rate() > 0) {
            intervalNanos = TimeUnit.SECONDS.toNanos(1) / plan.rate();
            loop.schedule(this::tick, start - System.nanoTime(), TimeUnit.NANOSECONDS);
        } else {
            connections.forEach(Connection::another);
            loop.schedule(this::settle, stopAt - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
    }

    private void tick() {
        long now = System.nanoTime();
        while (next <= now && next < stopAt) {
            connections.get(turn).send(next);
            turn = turn + 1 == connections.size() ? 0 : turn + 1;
            next += intervalNanos;
        }
        if (next < stopAt) {
            loop.schedule(this::tick, Math.max(0, next - System.nanoTime()), TimeUnit.NANOSECONDS);
        } else {
            settle();
        }
    }

    /** Waits for the answers that are still due. */
    private void settle() {
        if (outstanding == 0 || System.nanoTime() > stopAt + TAIL.toNanos()) {
            done.complete(null);
        } else {
            loop.schedule(this::settle, 1, TimeUnit.MILLISECONDS);
        }
    }

    private void failed(String why) {
        errors++;
        if (trouble.isEmpty()) {
            trouble = why;
        }
    }

    private boolean counts(long due) {
        return due >= measureFrom && due < stopAt;
    }

    private final class Connection extends ChannelInboundHandlerAdapter {
        private final LongArrayQueue waiting = new LongArrayQueue(64, Long.MIN_VALUE);
        private @Nullable Channel channel;
        private Exchange.Reader reader = plan.exchange().newReader();
        private long intended;
        private boolean busy;
        private boolean broken;
        private boolean ended;

        @Override
        public boolean isSharable() {
            // One after another, never at once.
            return true;
        }

        ChannelFuture connect() {
            return bootstrap.clone().handler(this).connect();
        }

        /** The next request of a closed loop, unless the time is over. */
        void another() {
            if (System.nanoTime() >= stopAt || broken) {
                return;
            }
            if (plan.reconnect()) {
                intended = System.nanoTime();
                busy = true;
                outstanding++;
                ended = false;
                reader = plan.exchange().newReader();
                connect().addListener(f -> {
                    if (!f.isSuccess()) {
                        resets += f.cause() instanceof ConnectException ? 1 : 0;
                        failed(String.valueOf(f.cause()));
                        outstanding--;
                        busy = false;
                        // Not at once: what refuses would be asked as fast as it refuses.
                        loop.schedule(this::another, 1, TimeUnit.MILLISECONDS);
                    }
                });
            } else {
                outstanding++;
                transmit(System.nanoTime());
            }
        }

        void send(long due) {
            outstanding++;
            if (broken) {
                count(due);
                outstanding--;
            } else if (busy) {
                waiting.addLong(due);
            } else {
                transmit(due);
            }
        }

        private void count(long due) {
            if (counts(due)) {
                sent++;
            }
        }

        private void transmit(long due) {
            intended = due;
            busy = true;
            count(due);
            if (plan.rate() > 0 && counts(due)) {
                lateness.recordValue(Math.max(0, System.nanoTime() - due));
            }
            Channel to = channel;
            if (to != null) {
                ByteBuf request = plan.exchange().request();
                requests++;
                bytesOut += request.readableBytes();
                to.writeAndFlush(request.duplicate(), to.voidPromise());
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            opened++;
            channel = ctx.channel();
            if (plan.reconnect()) {
                transmit(intended);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            bytesIn += data.readableBytes();
            try {
                if (busy && reader.read(data)) {
                    answered();
                }
            } catch (Exchange.BadAnswerException e) {
                failed(String.valueOf(e.getMessage()));
                ctx.close();
            } finally {
                data.release();
            }
        }

        private void answered() {
            busy = false;
            ended = true;
            outstanding--;
            if (counts(intended)) {
                answered++;
                latency.recordValue(Math.min(System.nanoTime() - intended, HIGHEST));
            }
            if (plan.reconnect()) {
                // The next begins when this one has ended: the connection's end is part of its cost.
                return;
            }
            if (!waiting.isEmpty()) {
                transmit(waiting.pollLong());
            } else if (plan.rate() == 0) {
                another();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            channel = null;
            if (plan.reconnect()) {
                if (!ended) {
                    failed("a connection ended before its answer");
                    outstanding--;
                    busy = false;
                }
                another();
                return;
            }
            if (done.isDone()) {
                return;
            }
            broken = true;
            failed("a connection broke");
            outstanding -= waiting.size() + (busy ? 1 : 0);
            while (!waiting.isEmpty()) {
                count(waiting.pollLong());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            resets += cause instanceof IOException && !ended ? 1 : 0;
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

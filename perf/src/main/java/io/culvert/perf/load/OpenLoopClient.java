package io.culvert.perf.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.agrona.collections.LongArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Open-loop load: requests of a fixed size leave at a constant rate over a fixed set of connections, each connection
 * carrying one request at a time; a request that finds its connection busy waits, and its latency counts from the time
 * at which it should have left, so that a stall is charged to every request it delayed (no coordinated omission).
 *
 * <p>Everything runs on one event loop; {@link #run} blocks its caller until the round is over.
 */
public final class OpenLoopClient {
    /** What to send. {@code rate} is in requests per second over all connections, {@code size} in bytes. */
    public record Plan(
            InetSocketAddress target, int rate, int connections, int size, Duration warmUp, Duration length) {
        public Plan {
            if (rate < 1 || connections < 1 || size < 1 || length.isNegative() || warmUp.isNegative()) {
                throw new IllegalArgumentException(
                        "rate, connections and size must be positive: " + rate + ", " + connections + ", " + size);
            }
        }
    }

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TAIL = Duration.ofSeconds(5);

    private final EventLoop loop;
    private final Plan plan;
    private final Histogram latency = new Histogram(60_000_000_000L, 3);
    private final Histogram lateness = new Histogram(60_000_000_000L, 3);
    private final List<Connection> connections = new ArrayList<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // Owned by the loop.
    private long start;
    private long measureFrom;
    private long stopAt;
    private long next;
    private long intervalNanos;
    private int turn;
    private long sent;
    private long answered;
    private long errors;
    private long outstanding;

    private OpenLoopClient(EventLoop loop, Plan plan) {
        this.loop = loop;
        this.plan = plan;
    }

    /** Runs one round on {@code loop}, which nothing else should use meanwhile. */
    public static LoadResult run(EventLoop loop, Plan plan) throws InterruptedException {
        OpenLoopClient client = new OpenLoopClient(loop, plan);
        for (int i = 0; i < plan.connections(); i++) {
            client.connect();
        }
        try (IdleSleeper sleeper = new IdleSleeper()) {
            loop.execute(client::begin);
            client.done.join();
            Histogram idle = sleeper.stop();
            for (Connection c : client.connections) {
                Objects.requireNonNull(c.channel).close();
            }
            return new LoadResult(client.latency, client.lateness, idle, client.sent, client.answered, client.errors);
        }
    }

    private void connect() {
        Connection connection = new Connection();
        Channel channel = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT_TIMEOUT.toMillis())
                .handler(connection)
                .connect(plan.target())
                .syncUninterruptibly()
                .channel();
        connection.channel = channel;
        connections.add(connection);
    }

    private void begin() {
        intervalNanos = TimeUnit.SECONDS.toNanos(1) / plan.rate();
        start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(10);
        measureFrom = start + plan.warmUp().toNanos();
        stopAt = measureFrom + plan.length().toNanos();
        next = start;
        loop.schedule(this::tick, start - System.nanoTime(), TimeUnit.NANOSECONDS);
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
        } else if (outstanding == 0 || now > stopAt + TAIL.toNanos()) {
            done.complete(null);
        } else {
            loop.schedule(this::tick, 1, TimeUnit.MILLISECONDS);
        }
    }

    private final class Connection extends ChannelInboundHandlerAdapter {
        private final LongArrayQueue waiting = new LongArrayQueue(64, Long.MIN_VALUE);
        private @Nullable Channel channel;
        private long intended;
        private int missing;
        private boolean broken;

        void send(long due) {
            if (due >= measureFrom) {
                sent++;
            }
            outstanding++;
            if (broken) {
                outstanding--;
            } else if (missing > 0 || !waiting.isEmpty()) {
                waiting.addLong(due);
            } else {
                transmit(due);
            }
        }

        private void transmit(long due) {
            intended = due;
            missing = plan.size();
            if (due >= measureFrom) {
                lateness.recordValue(Math.max(0, System.nanoTime() - due));
            }
            Channel to = Objects.requireNonNull(channel);
            ByteBuf request = to.alloc().buffer(plan.size()).writeZero(plan.size());
            to.writeAndFlush(request, to.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            missing -= data.readableBytes();
            data.release();
            if (missing > 0) {
                return;
            }
            outstanding--;
            if (intended >= measureFrom) {
                answered++;
                latency.recordValue(Math.min(System.nanoTime() - intended, latency.getHighestTrackableValue()));
            }
            if (!waiting.isEmpty()) {
                transmit(waiting.pollLong());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (done.isDone()) {
                return;
            }
            broken = true;
            errors++;
            if (missing > 0) {
                missing = 0;
                outstanding--;
            }
            outstanding -= waiting.size();
            waiting.clear();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}

package io.culvert.perf.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Opens many connections to an echo server and holds them: one byte goes round on each when it opens, and one on every
 * connection at each {@link #check}. A connection that breaks or does not answer is lost, and stays lost.
 *
 * <p>Everything runs on one event loop; the methods block their caller.
 */
public final class HoldClient {
    /** How many connections there are, and what became of them. */
    public record Count(int open, int failed, int lost) {
        String toJson() {
            return String.format(Locale.ROOT, "{\"open\":%d,\"failed\":%d,\"lost\":%d}", open, failed, lost);
        }
    }

    private static final int IN_FLIGHT = 64;

    private final EventLoop loop;
    private final PodSockets sockets;
    private final InetSocketAddress target;
    private final List<Held> held = new ArrayList<>();

    // Owned by the loop.
    private int opening;
    private int toOpen;
    private int failed;
    private int lost;
    private int answersMissing;
    private CompletableFuture<Count> waiting = new CompletableFuture<>();

    public HoldClient(EventLoop loop, InetSocketAddress target) {
        this(loop, PodSockets.here(), target);
    }

    /** The same, out of the namespace of {@code sockets}, which stay the caller's. */
    HoldClient(EventLoop loop, PodSockets sockets, InetSocketAddress target) {
        this.loop = loop;
        this.sockets = sockets;
        this.target = target;
    }

    /** Opens {@code count} connections, at most 64 at a time; complete when each has echoed a byte or failed. */
    public Count open(int count) {
        CompletableFuture<Count> done = new CompletableFuture<>();
        loop.execute(() -> {
            waiting = done;
            toOpen = count;
            more();
        });
        return done.join();
    }

    /** Sends a byte round on every connection; what has not answered after {@code patience} is lost. */
    public Count check(Duration patience) {
        CompletableFuture<Count> done = new CompletableFuture<>();
        loop.execute(() -> {
            waiting = done;
            answersMissing = 0;
            for (Held connection : held) {
                if (connection.state == State.IDLE) {
                    answersMissing++;
                    connection.ping();
                }
            }
            loop.schedule(() -> giveUp(done), patience.toNanos(), TimeUnit.NANOSECONDS);
            completeIfAnswered();
        });
        return done.join();
    }

    private void more() {
        while (opening < IN_FLIGHT && toOpen > 0) {
            toOpen--;
            opening++;
            Held connection = new Held();
            ChannelFuture future = new Bootstrap()
                    .group(loop)
                    .channelFactory(sockets.connecting())
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 20_000)
                    .handler(connection)
                    .connect(target);
            future.addListener(f -> {
                if (!f.isSuccess()) {
                    connection.state = State.GONE;
                    opened(false);
                }
            });
        }
        if (opening == 0 && toOpen == 0) {
            waiting.complete(count());
        }
    }

    private void opened(boolean success) {
        opening--;
        if (!success) {
            failed++;
        }
        more();
    }

    private void giveUp(CompletableFuture<Count> check) {
        if (check.isDone()) {
            return;
        }
        for (Held connection : held) {
            if (connection.state == State.PINGED) {
                connection.state = State.GONE;
                lost++;
            }
        }
        answersMissing = 0;
        check.complete(count());
    }

    private void completeIfAnswered() {
        if (answersMissing == 0) {
            waiting.complete(count());
        }
    }

    private Count count() {
        int open = 0;
        for (Held connection : held) {
            if (connection.state != State.GONE) {
                open++;
            }
        }
        return new Count(open, failed, lost);
    }

    private enum State {
        CONNECTING,
        IDLE,
        PINGED,
        GONE
    }

    private final class Held extends ChannelInboundHandlerAdapter {
        private State state = State.CONNECTING;
        private @Nullable Channel channel;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            channel = ctx.channel();
            write(ctx.channel());
        }

        void ping() {
            state = State.PINGED;
            write(Objects.requireNonNull(channel));
        }

        private void write(Channel to) {
            to.writeAndFlush(to.alloc().buffer(1, 1).writeByte('.'));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((ByteBuf) message).release();
            if (state == State.CONNECTING) {
                state = State.IDLE;
                held.add(this);
                opened(true);
            } else if (state == State.PINGED) {
                state = State.IDLE;
                answersMissing--;
                completeIfAnswered();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            State before = state;
            state = State.GONE;
            if (before == State.CONNECTING) {
                opened(false);
            } else if (before == State.IDLE) {
                lost++;
            } else if (before == State.PINGED) {
                lost++;
                answersMissing--;
                completeIfAnswered();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}

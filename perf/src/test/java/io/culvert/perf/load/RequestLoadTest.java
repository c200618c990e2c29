package io.culvert.perf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RequestLoadTest {
    private final MultiThreadIoEventLoopGroup server = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final MultiThreadIoEventLoopGroup client = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    @AfterEach
    void stop() {
        server.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        client.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Test
    void sendsExactlyTheRateAndLosesNothing() throws Exception {
        try (EchoServer echo = EchoServer.start(server, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            RequestResult result = RequestLoad.run(
                    client.next(),
                    PodSockets.here(),
                    plan(echo, 1000, Duration.ofMillis(100), Duration.ofMillis(500)),
                    Marks.NONE);
            assertThat(result.sent()).isEqualTo(500);
            assertThat(result.answered()).isEqualTo(500);
            assertThat(result.requests()).isEqualTo(600);
            assertThat(result.errors()).isZero();
            assertThat(result.latency().getTotalCount()).isEqualTo(500);
            assertThat(result.idleLateness().getTotalCount()).isPositive();
        }
    }

    @Test
    void chargesAStallToEveryRequestItDelayed() throws Exception {
        // The server's only loop is held for 200 ms in the middle: at 1,000 requests/s some 150 requests that are due then
        // have to wait 50 ms and more. Were the four connections charged only for what they had sent, it would be four.
        try (EchoServer echo = EchoServer.start(server, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            Marks stall = new Marks() {
                @Override
                public void begin() {
                    server.next().schedule(() -> holdFor(Duration.ofMillis(200)), 300, TimeUnit.MILLISECONDS);
                }

                @Override
                public void end() {}
            };
            RequestResult result = RequestLoad.run(
                    client.next(),
                    PodSockets.here(),
                    plan(echo, 1000, Duration.ZERO, Duration.ofMillis(800)),
                    stall);
            assertThat(result.answered()).isEqualTo(800);
            assertThat(result.latency().getCountBetweenValues(50_000_000, 10_000_000_000L))
                    .isGreaterThanOrEqualTo(140);
        }
    }

    private static RequestPlan plan(EchoServer echo, int rate, Duration warmUp, Duration length) {
        return new RequestPlan(echo.address(), Exchange.echo(1024), 4, rate, false, warmUp, length);
    }

    private static void holdFor(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }
}

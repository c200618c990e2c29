package io.culvert.perf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BulkLoadTest {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    private Channel sink;

    @BeforeEach
    void start() {
        sink = SinkServer.start(loops, PodSockets.here(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Test
    void everyByteThatWasSentIsConfirmed() {
        BulkResult result = run(3, 0, 0, Duration.ofMillis(300));
        assertThat(result.trouble()).isEmpty();
        assertThat(result.errors()).isZero();
        assertThat(result.confirmed()).isEqualTo(result.sent()).isPositive();
        assertThat(result.opened()).isEqualTo(3);
    }

    @Test
    void aPaceIsKept() {
        long bits = 80_000_000;
        BulkResult result = run(2, bits, 0, Duration.ofMillis(500));
        assertThat(result.errors()).isZero();
        // A slow machine sends late, never too much: what is due by the end, and a chunk of each stream.
        assertThat(result.sent()).isBetween(1L, (long) (bits / 8.0 * 0.7) + 4 * (128 << 10));
    }

    @Test
    void aNumberOfBytesEndsTheRound() {
        BulkResult result = run(2, 0, 8 << 20, Duration.ofSeconds(30));
        assertThat(result.errors()).isZero();
        assertThat(result.sent()).isBetween(8L << 20, (8L << 20) + (2L << 20));
        assertThat(result.confirmed()).isEqualTo(result.sent());
    }

    private BulkResult run(int streams, long bits, long bytes, Duration length) {
        return BulkLoad.run(
                loops.next(),
                PodSockets.here(),
                new BulkPlan((InetSocketAddress) sink.localAddress(), streams, bits, Duration.ZERO, length, bytes),
                Marks.NONE);
    }
}

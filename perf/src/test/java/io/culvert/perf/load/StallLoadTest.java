package io.culvert.perf.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StallLoadTest {
    private final MultiThreadIoEventLoopGroup server = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final MultiThreadIoEventLoopGroup client = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    @AfterEach
    void stop() {
        server.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        client.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Test
    void fillsWhatIsBetweenAndThenStandsStill() throws Exception {
        try (EchoServer echo = EchoServer.start(server, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            BulkPlan plan = new BulkPlan(echo.address(), 2, 0, Duration.ZERO, Duration.ofMillis(500), 0);
            JsonNode answer = new ObjectMapper().readTree(StallLoad.run(client.next(), PodSockets.here(), plan));
            assertThat(answer.get("opened").asInt()).isEqualTo(2);
            assertThat(answer.get("errors").asInt()).isZero();
            // Socket buffers of the kernel, and no more: nobody reads.
            assertThat(answer.get("bytes").asLong()).isBetween(64L << 10, 256L << 20);
        }
    }

    @Test
    void givesItsChunkBack() throws Exception {
        try (EchoServer echo = EchoServer.start(server, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            BulkPlan plan = new BulkPlan(echo.address(), 1, 0, Duration.ZERO, Duration.ofMillis(50), 0);
            long before = UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
            StallLoad.run(client.next(), PodSockets.here(), plan);
            assertThat(UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory())
                    .isEqualTo(before);
        }
    }
}

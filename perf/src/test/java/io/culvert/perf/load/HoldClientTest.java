package io.culvert.perf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HoldClientTest {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Test
    void holdsAndChecksEveryConnection() {
        try (EchoServer echo = EchoServer.start(loops, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            HoldClient client = new HoldClient(loops.next(), echo.address());
            assertThat(client.open(300)).isEqualTo(new HoldClient.Count(300, 0, 0));
            assertThat(client.check(Duration.ofSeconds(10))).isEqualTo(new HoldClient.Count(300, 0, 0));
        }
    }

    @Test
    void countsALostConnectionOnceAndForGood() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread echoThenHangUp = Thread.ofVirtual().start(() -> {
                try (Socket first = server.accept()) {
                    first.getOutputStream().write(first.getInputStream().read());
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            HoldClient client = new HoldClient(loops.next(), (InetSocketAddress) server.getLocalSocketAddress());
            assertThat(client.open(1).failed()).isZero();
            echoThenHangUp.join();
            assertThat(client.check(Duration.ofSeconds(10)).lost()).isEqualTo(1);
            assertThat(client.check(Duration.ofSeconds(10))).isEqualTo(new HoldClient.Count(0, 0, 1));
        }
    }
}

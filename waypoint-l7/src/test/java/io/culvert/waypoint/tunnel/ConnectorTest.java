package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Workload;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Channels to endpoints, as the HTTP side gets them. */
class ConnectorTest extends RunningWaypoint {
    private @Nullable Channel connected(Workload workload, Duration timeout, List<String> failures) throws Exception {
        CompletableFuture<@Nullable Channel> done = new CompletableFuture<>();
        EventLoop loop = net.group.next();
        loop.execute(() -> {
            var _ = tunnels.connector()
                    .connect(
                            loop,
                            new Endpoint(workload, PortMap.of(80, 8080)),
                            80,
                            timeout,
                            new Collecting(),
                            new Connector.Listener() {
                                @Override
                                public void onConnected(Channel channel) {
                                    done.complete(channel);
                                }

                                @Override
                                public void onFailed(boolean timedOut, String detail) {
                                    failures.add(timedOut + " " + detail);
                                    done.complete(null);
                                }
                            });
        });
        return done.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    /** Keeps what it reads as text, in an attribute of nothing but its own. */
    private static final class Collecting extends ChannelInboundHandlerAdapter {
        private final StringBuilder text = new StringBuilder();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf data = (ByteBuf) msg;
            text.append(data.toString(StandardCharsets.ISO_8859_1));
            data.release();
        }
    }

    @Test
    void theConnectorMakesAChannelThatReadsNothingByItself() throws Exception {
        pod("one", 1, "greeting");
        List<String> failures = new ArrayList<>();
        Channel channel = connected(endpoint("one", 1, true), Duration.ofSeconds(5), failures);
        assertThat(failures).isEmpty();
        assertThat(channel).isNotNull();
        assertThat(channel.config().isAutoRead()).isFalse();
        assertThat(channel.remoteAddress()).isEqualTo(new InetSocketAddress(InetAddress.ofLiteral(net.ip(1)), 8080));
        assertThat(asked.take()).startsWith(net.ip(1) + ":8080 by wp waypoint null ");
        Collecting reader = channel.pipeline().get(Collecting.class);
        channel.writeAndFlush(ascii("!")).sync();
        channel.config().setAutoRead(true);
        awaitText(channel, reader, "greeting!");
        channel.close().sync();
    }

    private static void awaitText(Channel channel, Collecting reader, String expected) throws Exception {
        CompletableFuture<Void> there = new CompletableFuture<>();
        channel.eventLoop()
                .scheduleWithFixedDelay(
                        () -> {
                            if (reader.text.toString().equals(expected)) {
                                there.complete(null);
                            }
                        },
                        1,
                        1,
                        TimeUnit.MILLISECONDS);
        there.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void theConnectorSaysWhyItFailed() throws Exception {
        List<String> failures = new ArrayList<>();
        net.serve(1, "one", connect -> connect.reject(401), HboneSettings.DEFAULT);
        connected(endpoint("one", 1, true), Duration.ofSeconds(5), failures);
        net.serve(2, "two", connect -> {}, HboneSettings.DEFAULT);
        connected(endpoint("two", 2, true), Duration.ofMillis(200), failures);
        net.serve(3, "impostor", echo(""), HboneSettings.DEFAULT);
        connected(endpoint("three", 3, true), Duration.ofSeconds(5), failures);
        connected(endpoint("four", 4, false), Duration.ofSeconds(5), failures);
        assertThat(failures).hasSize(4);
        assertThat(failures.get(0)).startsWith("false ").contains("one at " + net.ip(1) + ":8080", "policy (401)");
        assertThat(failures.get(1)).startsWith("true ").contains("two at " + net.ip(2) + ":8080", "200 ms");
        assertThat(failures.get(2)).startsWith("false ").contains("three", "impostor");
        assertThat(failures.get(3)).startsWith("false ").contains("four", "refused");
        assertThat(asked).isEmpty();
    }
}

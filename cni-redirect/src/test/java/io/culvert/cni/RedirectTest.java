package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.cni.RuleBackend.Applied;
import io.culvert.cni.Talk.Line;
import io.culvert.core.linux.MeshSockets;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the rules do to connections, in a namespace of this kernel. */
@Tag("netns")
class RedirectTest {
    /** The addresses of {@link Netns} in one family. */
    record Addresses(String pod, String node, String other, String far, String loopback) {
        static final Addresses V4 = new Addresses("10.77.0.2", "10.77.0.1", "10.77.0.4", "203.0.113.9", "127.0.0.1");
        static final Addresses V6 = new Addresses("fd77::2", "fd77::1", "fd77::4", "2001:db8::9", "::1");

        static String text(String host, int port) {
            return Talk.text(new InetSocketAddress(Netns.ip(host), port));
        }
    }

    static Stream<Arguments> matrix() {
        return Stream.of("nft", "iptables-nft", "iptables-legacy")
                .flatMap(name -> Stream.of(Addresses.V4, Addresses.V6).map(a -> Arguments.of(name, a)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("matrix")
    void capturesBothWaysWithTheOriginalDestination(String name, Addresses at) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        try (Netns net = new Netns();
                Talk talk = new Talk()) {
            for (int port : new int[] {15001, 15006, 15008}) {
                talk.serve("proxy", net.pod, port);
            }
            talk.serve("app", net.pod, 8080);
            talk.serve("remote", net.node, 8080);
            talk.serve("remote", net.node, 443);
            var _ = backend.apply(net.pod, RuleSet.of(CaptureSpec.ALL), () -> {});

            assertThat(talk.call(net.pod, null, at.other, 8080).greeting)
                    .isEqualTo("proxy " + Addresses.text(at.other, 8080) + " " + host(at.pod));
            assertThat(talk.call(net.pod, null, at.far, 443).greeting)
                    .isEqualTo("proxy " + Addresses.text(at.far, 443) + " " + host(at.pod));
            assertThat(talk.call(net.node, at.other, at.pod, 8080).greeting)
                    .isEqualTo("proxy " + Addresses.text(at.pod, 8080) + " " + host(at.other));
            assertThat(talk.call(net.node, at.other, at.pod, 15008).greeting)
                    .isEqualTo("proxy " + Addresses.text(at.pod, 15008) + " " + host(at.other));
            assertThat(talk.call(net.pod, null, at.pod, 8080).label()).isEqualTo("app");
            assertThat(talk.call(net.pod, null, at.loopback, 8080).label()).isEqualTo("app");
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("matrix")
    void letsTheProxysOwnSocketsPassWithTheClientsAddress(String name, Addresses at) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        try (Netns net = new Netns();
                Talk talk = new Talk()) {
            talk.serve("app", net.pod, 8080);
            talk.serve("remote", net.node, 8080);
            var _ = backend.apply(net.pod, RuleSet.of(CaptureSpec.ALL), () -> {});
            assertThat(marked(talk, net, null, at.other)).startsWith("remote ");
            // The app sees the client's address; its replies come back to us and not to that client.
            assertThat(marked(talk, net, at.other, at.pod))
                    .isEqualTo("app " + Addresses.text(at.pod, 8080) + " " + host(at.other));
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("matrix")
    void keepsConnectionsThroughEnrolmentAndUnenrolment(String name, Addresses at) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        RuleSet rules = RuleSet.of(CaptureSpec.ALL);
        try (Netns net = new Netns();
                Talk talk = new Talk()) {
            talk.serve("proxy", net.pod, 15001);
            talk.serve("proxy", net.pod, 15006);
            talk.serve("app", net.pod, 8080);
            talk.serve("remote", net.node, 8080);
            List<Line> lines = new ArrayList<>();
            lines.add(talk.call(net.pod, null, at.other, 8080));
            lines.add(talk.call(net.node, at.other, at.pod, 8080));
            assertThat(lines).extracting(Line::label).containsExactly("remote", "app");

            var _ = backend.apply(net.pod, rules, () -> {});
            alive(lines);
            lines.add(talk.call(net.pod, null, at.other, 8080));
            lines.add(talk.call(net.node, at.other, at.pod, 8080));
            assertThat(lines.subList(2, 4)).extracting(Line::label).containsExactly("proxy", "proxy");

            var _ = backend.apply(net.pod, rules.draining(), () -> {});
            alive(lines);
            assertThat(talk.call(net.pod, null, at.other, 8080).label()).isEqualTo("remote");
            assertThat(talk.call(net.node, at.other, at.pod, 8080).label()).isEqualTo("app");
            alive(lines);

            lines.subList(2, 4).clear();
            backend.remove(net.pod);
            alive(lines);
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("matrix")
    void leavesOutWhatIsExcludedAndTcpProbesOfTheNodeOnly(String name, Addresses at) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        CaptureSpec spec = new CaptureSpec(
                new Excludes(
                        new TreeSet<>(List.of(9100)),
                        new TreeSet<>(List.of(5432)),
                        List.of(Cidr.parse("203.0.113.0/24"), Cidr.parse("2001:db8::/32"))),
                new TreeSet<>(List.of(6379)),
                List.of(Cidr.parse("10.77.0.1"), Cidr.parse("fd77::1")),
                null,
                false);
        try (Netns net = new Netns();
                Talk talk = new Talk()) {
            talk.serve("proxy", net.pod, 15001);
            talk.serve("proxy", net.pod, 15006);
            for (int port : new int[] {9100, 6379, 8080}) {
                talk.serve("app", net.pod, port);
            }
            for (int port : new int[] {5432, 8080}) {
                talk.serve("remote", net.node, port);
            }
            var _ = backend.apply(net.pod, RuleSet.of(spec), () -> {});
            assertThat(talk.call(net.pod, null, at.other, 5432).label()).isEqualTo("remote");
            assertThat(talk.call(net.pod, null, at.far, 8080).label()).isEqualTo("remote");
            assertThat(talk.call(net.pod, null, at.other, 8080).label()).isEqualTo("proxy");
            assertThat(talk.call(net.node, at.other, at.pod, 9100).label()).isEqualTo("app");
            assertThat(talk.call(net.node, at.node, at.pod, 6379).label()).isEqualTo("app");
            assertThat(talk.call(net.node, at.other, at.pod, 6379).label()).isEqualTo("proxy");
            assertThat(talk.call(net.node, at.node, at.pod, 8080).label()).isEqualTo("proxy");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void leavesNoGapWhileRulesAreReplaced(String name) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        RuleSet one = RuleSet.of(CaptureSpec.ALL);
        RuleSet other = RuleSet.of(new CaptureSpec(
                new Excludes(new TreeSet<>(List.of(9)), new TreeSet<>(), List.of()),
                new TreeSet<>(),
                List.of(),
                null,
                false));
        try (Netns net = new Netns();
                Talk talk = new Talk()) {
            talk.serve("proxy", net.pod, 15001);
            talk.serve("remote", net.node, 8080);
            Applied first = backend.apply(net.pod, one, () -> {});
            AtomicBoolean stop = new AtomicBoolean();
            List<String> labels = new ArrayList<>();
            CompletableFuture<Void> caller = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> {
                try {
                    while (!stop.get()) {
                        try (Line line = talk.call(net.pod, null, "10.77.0.4", 8080)) {
                            labels.add(line.label());
                        }
                    }
                    caller.complete(null);
                } catch (Exception e) {
                    caller.completeExceptionally(e);
                }
            });
            for (int i = 0; i < 12; i++) {
                var _ = backend.apply(net.pod, i % 2 == 0 ? other : one, () -> {});
            }
            stop.set(true);
            caller.get(5, TimeUnit.SECONDS);
            assertThat(labels).hasSizeGreaterThan(20).containsOnly("proxy");
            assertThat(backend.verify(net.pod, first)).isEmpty();
        }
    }

    private static void alive(List<Line> lines) throws Exception {
        for (Line line : lines) {
            assertThat(line.echo("ping")).as(line.greeting).isEqualTo("ping");
        }
    }

    private static String host(String address) {
        return Netns.ip(address).getHostAddress();
    }

    /** The greeting that a socket with the proxy's mark gets from port 8080. */
    private static String marked(Talk talk, Netns net, @org.jspecify.annotations.Nullable String source, String host)
            throws Exception {
        EpollSocketChannel channel = net.pod.construct(EpollSocketChannel::new);
        channel.config().setOption(MeshSockets.SO_MARK, MeshSockets.PROXY_MARK);
        CompletableFuture<String> greeting = new CompletableFuture<>();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ByteBuf bytes = (ByteBuf) message;
                greeting.complete(bytes.toString(StandardCharsets.UTF_8).strip());
                bytes.release();
            }
        });
        talk.group().register(channel).syncUninterruptibly();
        if (source != null) {
            if (source.indexOf(':') >= 0) {
                channel.config().setOption(MeshSockets.IPV6_TRANSPARENT, 1);
            } else {
                channel.config().setOption(EpollChannelOption.IP_TRANSPARENT, true);
            }
            channel.bind(new InetSocketAddress(Netns.ip(source), 0)).syncUninterruptibly();
        }
        Channel connected = channel;
        try {
            assertThat(connected
                            .connect(new InetSocketAddress(Netns.ip(host), 8080))
                            .await(3, TimeUnit.SECONDS))
                    .isTrue();
            return greeting.get(3, TimeUnit.SECONDS);
        } finally {
            connected.close().syncUninterruptibly();
        }
    }
}

package io.culvert.waypoint.router;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.cluster.Upstreams;
import io.culvert.waypoint.h1.Http1Client;
import io.culvert.waypoint.h1.Http1Server;
import io.culvert.waypoint.h1.Http1Settings;
import io.culvert.waypoint.h2.H2Settings;
import io.culvert.waypoint.h2.HeldBytes;
import io.culvert.waypoint.h2.Http2Client;
import io.culvert.waypoint.h2.Http2Server;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.telemetry.RequestTelemetry;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A router between codecs on sockets; each side speaks the HTTP that the test chooses. One loop, one app. */
final class Crossing implements AutoCloseable {
    /** What a side speaks. */
    enum Http {
        ONE,
        TWO
    }

    private static final InetSocketAddress LOOPBACK = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** Of sockets' buffers: what the kernel holds is not held by the router. */
    static final int SOCKET = 64 * 1024;

    /** What the sockets of both sides read into and write from. */
    final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true);

    /** What HTTP/2 towards the client holds. */
    final HeldBytes held = new HeldBytes(() -> {});

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final MetricsRegistry registry = new MetricsRegistry();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final AccessLog log = new AccessLog(registry, out);
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Channel listener;

    Crossing(Http client, Http app, InetSocketAddress address, HttpRule rule) {
        log.start();
        RouteTable table;
        try (RouterFixture routes = new RouterFixture()) {
            table = routes.route(rule).table();
        }
        Router router = new Router(
                () -> table,
                new OneApp(app, address),
                new RequestTelemetry(registry, log, () -> MeshState.EMPTY, ""),
                RouterSettings.DEFAULT,
                Chance.RANDOM);
        listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.ALLOCATOR, memory)
                .childOption(ChannelOption.SO_SNDBUF, SOCKET)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        RequestHandler requests =
                                router.handler(RouterFixture.client("spiffe://cluster.local/ns/front/sa/shopper"));
                        channel.pipeline().addLast(codec(client, channel, requests, held));
                    }
                })
                .bind(LOOPBACK)
                .syncUninterruptibly()
                .channel();
    }

    /** A server's end of what {@code http} says. */
    static ChannelHandler codec(Http http, Channel channel, RequestHandler requests, HeldBytes held) {
        if (http == Http.TWO) {
            return Http2Server.handler(requests, H2Settings.DEFAULT, Http2Server.Listener.NONE, held);
        }
        channel.config().setAutoRead(false);
        return Http1Server.handler(requests, Http1Settings.DEFAULT, "http", (status, detail) -> {});
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** What the access log says; ends it. */
    String logged() {
        awaitTurn();
        log.close();
        return out.toString(StandardCharsets.UTF_8);
    }

    /** Whoever sees the end of a response is quicker than the turn of the loop that logs it and releases what is left. */
    private void awaitTurn() {
        group.next().submit(() -> {}).syncUninterruptibly();
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        channels.close().syncUninterruptibly();
        awaitTurn();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        log.close();
    }

    /** A connection of its own for each try of HTTP/1.1, one for all of HTTP/2. Owned by the loop. */
    private final class OneApp implements Upstreams, ClientConnection.Listener {
        private final Queue<Try> waiting = new ArrayDeque<>();
        private @Nullable Http2Client shared;
        private final Http http;
        private final InetSocketAddress address;

        OneApp(Http http, InetSocketAddress address) {
            this.http = http;
            this.address = address;
        }

        @Override
        public Wait acquire(Try attempt) {
            return http == Http.ONE ? http1(attempt) : http2(attempt);
        }

        private Wait http1(Try attempt) {
            Http1Client codec = new Http1Client(Http1Settings.DEFAULT);
            connect(attempt, codec, () -> attempt.onConnection(codec, new Place(codec, address)));
            return () -> {};
        }

        /** One connection for all, which can be used when it says so itself: after its preface. */
        private Wait http2(Try attempt) {
            waiting.add(attempt);
            if (shared == null) {
                Http2Client codec = new Http2Client(H2Settings.TOWARDS_APPS);
                shared = codec;
                codec.listener(this);
                connect(attempt, codec, () -> {});
            } else {
                onCapacity(shared);
            }
            return () -> waiting.remove(attempt);
        }

        @Override
        public void onCapacity(ClientConnection connection) {
            while (connection.capacity() > 0 && !waiting.isEmpty()) {
                waiting.remove().onConnection(connection, new Place(connection, address));
            }
        }

        @Override
        public void onClosed(ClientConnection connection) {}

        private void connect(Try attempt, ChannelHandler codec, Runnable then) {
            var _ = new Bootstrap()
                    .group(attempt.loop())
                    .channel(NioSocketChannel.class)
                    .option(ChannelOption.ALLOCATOR, memory)
                    .option(ChannelOption.SO_RCVBUF, SOCKET)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channels.add(channel);
                            if (http == Http.ONE) {
                                channel.config().setAutoRead(false);
                            }
                            channel.pipeline().addLast(codec);
                        }
                    })
                    .connect(address)
                    .addListener(connected -> {
                        if (connected.isSuccess()) {
                            then.run();
                        } else {
                            attempt.onUnavailable(Unavailable.CONNECT_FAILED, String.valueOf(connected.cause()));
                        }
                    });
        }
    }

    private record Place(ClientConnection codec, InetSocketAddress app) implements Upstreams.Ticket {
        @Override
        public String workload() {
            return "app";
        }

        @Override
        public String address() {
            return "127.0.0.1:" + app.getPort();
        }

        @Override
        public @Nullable String setCookie() {
            return null;
        }

        @Override
        public void addTo(Fields response) {}

        @Override
        public void onStatus(int status, Duration latency) {}

        @Override
        public void onLocalFailure() {}

        @Override
        public void done() {
            if (codec instanceof Http1Client) {
                codec.retire();
            }
        }
    }
}

package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.cluster.Upstreams;
import io.culvert.waypoint.h1.Http1Client;
import io.culvert.waypoint.h1.Http1Server;
import io.culvert.waypoint.h1.Http1Settings;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.telemetry.RequestTelemetry;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The router between real HTTP/1.1 codecs on sockets, a JDK client and a JDK app. */
class RouterWireTest {
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final AtomicInteger requests = new AtomicInteger();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final MetricsRegistry registry = new MetricsRegistry();
    private final AccessLog log = new AccessLog(registry, out);
    private HttpServer app;
    private URI uri;

    @BeforeEach
    void start() throws IOException {
        log.start();
        app = HttpServer.create(LOOPBACK, 0);
        app.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        app.createContext("/echo", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getRequestBody().transferTo(exchange.getResponseBody());
            exchange.close();
        });
        app.createContext("/flaky", exchange -> {
            exchange.getRequestBody().readAllBytes();
            boolean fails = requests.getAndIncrement() == 0;
            byte[] body = (fails ? "broken" : "fine").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(fails ? 503 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        app.start();
        RequestTelemetry telemetry = new RequestTelemetry(registry, log, () -> MeshState.EMPTY, "");
        RouterFixture routes = new RouterFixture();
        RouteTable table =
                routes.route(RouterFixture.rule().retryCodes(2, 503).build()).table();
        routes.close();
        Router router =
                new Router(() -> table, new OneApp(app.getAddress()), telemetry, RouterSettings.DEFAULT, Chance.RANDOM);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.config().setAutoRead(false);
                        channel.pipeline()
                                .addLast(Http1Server.handler(
                                        router.handler(
                                                RouterFixture.client("spiffe://cluster.local/ns/front/sa/shopper")),
                                        Http1Settings.DEFAULT,
                                        "http",
                                        (status, detail) -> {}));
                    }
                })
                .bind(LOOPBACK)
                .syncUninterruptibly()
                .channel();
        uri = URI.create("http://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
    }

    @AfterEach
    void stop() {
        client.close();
        app.stop(0);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        log.close();
    }

    /** A connection of its own for each try, to one app. */
    private record OneApp(InetSocketAddress address) implements Upstreams {
        @Override
        public Wait acquire(Try attempt) {
            Http1Client codec = new Http1Client(Http1Settings.DEFAULT);
            var _ = new Bootstrap()
                    .group(attempt.loop())
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.config().setAutoRead(false);
                            channel.pipeline().addLast(codec);
                        }
                    })
                    .connect(address)
                    .addListener(connected -> attempt.onConnection(codec, new Place(codec)));
            return () -> {};
        }
    }

    private record Place(Http1Client codec) implements Upstreams.Ticket {
        @Override
        public String workload() {
            return "app";
        }

        @Override
        public String address() {
            return "127.0.0.1:80";
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
            codec.retire();
        }
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(uri.resolve(path)).timeout(Duration.ofSeconds(60));
    }

    @Test
    void aLongBodyComesBackWholeThroughBoundedWindows() throws Exception {
        byte[] body = new byte[8 * 1024 * 1024];
        for (int i = 0; i < body.length; i++) {
            body[i] = (byte) (i * 31);
        }
        HttpResponse<InputStream> response =
                client.send(to("/echo").POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofInputStream());
        assertThat(response.statusCode()).isEqualTo(200);
        try (InputStream back = response.body()) {
            assertThat(back.readAllBytes()).isEqualTo(body);
        }
        log.close();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("\"bytes_received\":8388608", "\"bytes_sent\":8388608", "\"response_flags\":\"-\"");
    }

    @Test
    void aRetryHidesAFailureAndTheBodyIsSentTwice() throws Exception {
        HttpResponse<String> response =
                client.send(to("/flaky").POST(BodyPublishers.ofString("order")).build(), BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("fine");
        assertThat(requests).hasValue(2);
    }

    @Test
    void manyRequestsShareAConnectionAndEachHasItsResponse() throws Exception {
        for (int i = 0; i < 200; i++) {
            HttpResponse<String> response = client.send(
                    to("/echo").POST(BodyPublishers.ofString("n" + i)).build(), BodyHandlers.ofString());
            assertThat(response.body()).isEqualTo("n" + i);
        }
    }
}

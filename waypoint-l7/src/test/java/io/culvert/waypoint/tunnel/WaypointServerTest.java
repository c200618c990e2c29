package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.Timeouts;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointServer;
import io.culvert.waypoint.WaypointSettings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole waypoint with HTTP inside, between a client's tunnel and a node proxy's. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class WaypointServerTest {
    private static final String VIP = "10.96.0.10";
    private static final String SVC = "default/web.default.svc.cluster.local";
    private static final PortMap PORTS = PortMap.of(List.of(
            new PortMap.ServicePort(80, 8080, AppProtocol.HTTP11),
            new PortMap.ServicePort(81, 8080, AppProtocol.HTTP2)));
    private static final String GET = "GET /x HTTP/1.1\r\nhost: web\r\n\r\n";

    private final MeshStore store = new MeshStore();
    private final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private Loopback net;
    private AccessLog log;
    private WaypointServer waypoint;
    private PoolKey key;

    @BeforeEach
    void bringUp() throws Exception {
        net = new Loopback();
        MetricsRegistry registry = new MetricsRegistry();
        log = new AccessLog(registry, accessLog);
        log.start();
        net.serve(1, "web", app(), HboneSettings.DEFAULT);
        store.apply(MeshUpdate.builder()
                .put(Service.of("default", "web.default.svc.cluster.local", List.of(Vip.of("", Ip.parse(VIP))), PORTS)
                        .withWaypoint(
                                new GatewayRef.ByHostname("default", "wp.default.svc.cluster.local", 15008), false))
                .put(Workload.builder("Kubernetes//Pod/default/web-1", TestCredentials.id("web"))
                        .address(Ip.parse(net.ip(1)))
                        .hbone(true)
                        .service(SVC, PORTS)
                        .build())
                .build());
        waypoint = new WaypointServer(
                WaypointSettings.of(
                        "wp",
                        "default",
                        "Kubernetes//Pod/default/wp",
                        "",
                        net.issue("wp"),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
                new WaypointContext(
                        net.group,
                        store,
                        net.credentials,
                        net.tls,
                        TunnelEvents.NONE,
                        new MeshTelemetry(registry, log),
                        InstantSource.system()),
                log);
        waypoint.start();
        key = net.key("shop", "wp", waypoint.address());
    }

    @AfterEach
    void tearDown() {
        waypoint.close();
        log.close();
        net.close();
    }

    /** An app that answers each read, and echoes once upgraded; no request of these tests needs more than one read. */
    private ConnectHandler app() {
        return connect -> {
            StreamChannel channel =
                    new StreamChannel(new InetSocketAddress(0), connect.tunnel().remoteAddress());
            channel.config().setAutoRead(true);
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                private boolean upgraded;

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ByteBuf data = (ByteBuf) msg;
                    if (upgraded) {
                        ctx.writeAndFlush(data);
                        return;
                    }
                    String request = data.toString(StandardCharsets.ISO_8859_1);
                    data.release();
                    requests.add(request);
                    upgraded = request.toLowerCase(Locale.ROOT).contains("upgrade: websocket");
                    String answer = upgraded
                            ? "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                            : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                    ctx.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.ISO_8859_1));
                }
            });
            channel.opened(connect.accept(channel.handler(), List.of()));
            connect.eventLoop().register(channel);
        };
    }

    private Recorder client() throws Exception {
        return net.connect(key, VIP + ":80");
    }

    private String request() throws InterruptedException {
        String request = requests.poll(Loopback.SECONDS, TimeUnit.SECONDS);
        return request == null ? "none" : request;
    }

    @Test
    void aRequestReachesTheAppAndItsAnswerTheClient() throws Exception {
        Recorder client = client().send(GET);
        assertThat(client.await(text -> text.endsWith("hi"))).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(request()).startsWith("GET /x HTTP/1.1\r\n").containsIgnoringCase("host: web\r\n");
        client.send(GET).await(text -> text.lastIndexOf("hi") > text.indexOf("hi"));
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8))
                .contains("spiffe://cluster.local/ns/default/sa/shop", "\"path\":\"/x\"");
    }

    @Test
    void aChangeOfRoutesCountsForTheNextRequestOfAnOpenConnection() throws Exception {
        Recorder client = client().send(GET);
        client.await(text -> text.endsWith("hi"));
        HttpRule teapot = new HttpRule(
                "HTTPRoute/default/tea/0",
                new HttpAction.DirectResponse(418, "tea".getBytes(StandardCharsets.UTF_8)),
                HeaderChanges.NONE,
                HeaderChanges.NONE,
                null,
                List.of(),
                null,
                null,
                Timeouts.NONE,
                RetryPolicy.NONE);
        PortRoutes routes = new PortRoutes(
                new HttpRoutes(List.of(new HttpRoutes.Entry(HttpMatch.ANY, teapot)), true),
                Map.of(),
                List.of(),
                List.of());
        waypoint.onTable(new RouteTable(
                Map.of(SVC, new ServiceRoutes(SVC, Map.of(80, routes), List.of())), Map.of(), Map.of()));
        client.send(GET);
        assertThat(client.await(text -> text.endsWith("tea"))).contains("HTTP/1.1 418 ");
    }

    @Test
    void aWebSocketGoesByHttp1EvenWhereHttp2IsDeclared() throws Exception {
        Cluster http2 = Cluster.of(SVC, 81, Protocol.HTTP2);
        waypoint.onTable(new RouteTable(Map.of(), Map.of(http2.key(), http2), Map.of()));
        Recorder plain = net.connect(key, VIP + ":81").send(GET);
        assertThat(request()).as("what is no upgrade").startsWith("PRI * HTTP/2.0\r\n");
        plain.abort();
        Recorder client = net.connect(key, VIP + ":81")
                .send("GET /chat HTTP/1.1\r\nhost: web\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
        assertThat(client.await(text -> text.contains("\r\n\r\n"))).startsWith("HTTP/1.1 101 ");
        String upgrade = request();
        while (!upgrade.startsWith("GET /chat HTTP/1.1\r\n")) {
            upgrade = request();
            assertThat(upgrade).isNotEqualTo("none");
        }
        client.send("ping");
        assertThat(client.await(text -> text.endsWith("ping"))).contains("101");
    }

    @Test
    void malformedRequestsAreAnsweredAndTheAppSeesNothing() throws Exception {
        Recorder client = client().send("GET /x HTTP/1.1\r\nhost: web\r\ncontent-length: 1\r\n"
                + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
        assertThat(client.await(text -> text.contains("\r\n\r\n"))).startsWith("HTTP/1.1 400 ");
        assertThat(client.awaitFinished()).isTrue();
        assertThat(requests).isEmpty();
    }

    @Test
    void aDrainEndsAConnectionThatRests() throws Exception {
        Recorder client = client().send(GET);
        client.await(text -> text.endsWith("hi"));
        CompletableFuture<Void> drained =
                CompletableFuture.runAsync(() -> waypoint.drain(Duration.ofSeconds(Loopback.SECONDS)));
        assertThat(client.awaitFinished()).isTrue();
        client.finish();
        drained.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }
}

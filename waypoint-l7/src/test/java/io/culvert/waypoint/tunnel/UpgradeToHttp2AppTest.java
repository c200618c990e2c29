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
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointServer;
import io.culvert.waypoint.WaypointSettings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An upgrade of HTTP/1.1 to an app that is a real HTTP/2 server, and nothing else. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class UpgradeToHttp2AppTest {
    private static final String VIP = "10.96.0.10";
    private static final String SVC = "default/web.default.svc.cluster.local";
    private static final PortMap PORTS = PortMap.of(List.of(new PortMap.ServicePort(80, 8080, AppProtocol.HTTP2)));
    private static final String UPGRADE = "GET /chat HTTP/1.1\r\nhost: web\r\nconnection: upgrade\r\n"
            + "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";

    private final MeshStore store = new MeshStore();
    private final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final CompletableFuture<ChannelHandlerContext> held = new CompletableFuture<>();
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
        Cluster http2 = Cluster.of(SVC, 80, Protocol.HTTP2);
        waypoint.onTable(new RouteTable(Map.of(), Map.of(http2.key(), http2), Map.of()));
        waypoint.start();
        key = net.key("shop", "wp", waypoint.address());
    }

    @AfterEach
    void tearDown() {
        waypoint.close();
        log.close();
        net.close();
    }

    private ConnectHandler app() {
        return connect -> {
            connections.incrementAndGet();
            StreamChannel channel =
                    new StreamChannel(new InetSocketAddress(0), connect.tunnel().remoteAddress());
            channel.config().setAutoRead(true);
            channel.pipeline()
                    .addLast(
                            Http2FrameCodecBuilder.forServer().build(),
                            new Http2MultiplexHandler(new Answers()),
                            new Ends());
            channel.opened(connect.accept(channel.handler(), List.of()));
            connect.eventLoop().register(channel);
        };
    }

    /** Answers each request at once, that for {@code /slow} when the test says so. */
    @Sharable
    private final class Answers extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof Http2HeadersFrame head) {
                if (head.headers().path().toString().equals("/slow")) {
                    held.complete(ctx);
                } else {
                    answer(ctx);
                }
            }
            ReferenceCountUtil.release(msg);
        }
    }

    private void answer(ChannelHandlerContext ctx) {
        answered.incrementAndGet();
        ctx.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200")));
        ctx.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.copiedBuffer("two", StandardCharsets.ISO_8859_1), true));
    }

    /** What is left over of a connection that was no HTTP/2. */
    private static final class Ends extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ReferenceCountUtil.release(msg);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private Recorder get(String path) throws Exception {
        return net.connect(key, VIP + ":80").send("GET " + path + " HTTP/1.1\r\nhost: web\r\n\r\n");
    }

    @Test
    void itIsAnswered502WithFlagUpeAndOtherRequestsGoOn() throws Exception {
        Recorder slow = get("/slow");
        ChannelHandlerContext waiting = held.get(Loopback.SECONDS, TimeUnit.SECONDS);
        Recorder upgrade = net.connect(key, VIP + ":80").send(UPGRADE);
        assertThat(upgrade.await(text -> text.contains("\r\n\r\n"))).startsWith("HTTP/1.1 502 ");
        assertThat(get("/fast").await(text -> text.contains("two"))).startsWith("HTTP/1.1 200 ");
        waiting.executor().execute(() -> answer(waiting));
        assertThat(slow.await(text -> text.contains("two"))).startsWith("HTTP/1.1 200 ");
        assertThat(answered).as("the app saw no request of the upgrade").hasValue(2);
        assertThat(connections).as("the shared one, and that of each try").hasValueGreaterThanOrEqualTo(2);
        log.close();
        List<String> lines = accessLog.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines)
                .filteredOn(line -> line.contains("\"path\":\"/chat\""))
                .singleElement()
                .asString()
                .contains("\"response_code\":502", "\"response_flags\":\"UPE\"");
        assertThat(lines)
                .filteredOn(line -> !line.contains("\"path\":\"/chat\""))
                .hasSize(2)
                .allMatch(line -> line.contains("\"response_code\":200") && line.contains("\"response_flags\":\"-\""));
    }
}

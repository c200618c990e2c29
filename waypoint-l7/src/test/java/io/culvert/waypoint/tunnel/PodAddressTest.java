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
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.StringMatch;
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
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is sent to a pod's own address, through the waypoint that the pod has: real sockets, real TLS. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class PodAddressTest {
    private static final String SVC = "default/web.default.svc.cluster.local";
    private static final String VIP = "10.96.0.10";
    private static final GatewayRef WAYPOINT = waypoint("wp");
    private static final PortMap PORTS = PortMap.of(List.of(
            new PortMap.ServicePort(80, 8080, AppProtocol.HTTP11),
            new PortMap.ServicePort(81, 8082, AppProtocol.HTTP2),
            new PortMap.ServicePort(82, 9000, AppProtocol.TCP)));
    private static final String GET = "GET /x HTTP/1.1\r\nhost: web\r\n\r\n";

    private final MeshStore store = new MeshStore();
    private final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final MetricsRegistry registry = new MetricsRegistry();
    private Loopback net;
    private AccessLog log;
    private WaypointServer waypoint;
    private PoolKey key;

    private static GatewayRef waypoint(String name) {
        return new GatewayRef.ByHostname("default", name + ".default.svc.cluster.local", 15008);
    }

    @BeforeEach
    void bringUp() throws Exception {
        net = new Loopback();
        log = new AccessLog(registry, accessLog);
        log.start();
        for (int n = 1; n <= 2; n++) {
            net.serve(n, "web-" + n, app("web-" + n), HboneSettings.DEFAULT);
            put(pod("web-" + n, n, WAYPOINT));
        }
        put(Service.of("default", "web.default.svc.cluster.local", List.of(Vip.of("", Ip.parse(VIP))), PORTS)
                .withWaypoint(WAYPOINT, false));
        WaypointSettings settings = WaypointSettings.of(
                        "wp",
                        "default",
                        "Kubernetes//Pod/default/wp",
                        "",
                        net.issue("wp"),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .withDetectWait(Duration.ofMillis(300));
        waypoint = new WaypointServer(
                settings,
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

    private void put(Object... resources) {
        MeshUpdate.Builder update = MeshUpdate.builder();
        for (Object resource : resources) {
            switch (resource) {
                case Workload workload -> update.put(workload);
                case Service service -> update.put(service);
                default -> throw new IllegalArgumentException(resource.toString());
            }
        }
        store.apply(update.build());
    }

    private Workload pod(String name, int n, @Nullable GatewayRef waypoint) {
        return Workload.builder("Kubernetes//Pod/default/" + name, TestCredentials.id(name))
                .address(Ip.parse(net.ip(n)))
                .hbone(true)
                .healthy(false)
                .service(SVC, PORTS)
                .canonical("web", "v1")
                .workload(io.culvert.proto.workload.WorkloadType.DEPLOYMENT, "web")
                .waypoint(waypoint)
                .build();
    }

    /** A pod that tells by whom and for what it was asked, answers requests with its name, and sends back other bytes. */
    private ConnectHandler app(String name) {
        return connect -> {
            asked.add(name + " " + connect.authority() + " by "
                    + connect.tunnel().peer().serviceAccount());
            StreamChannel channel =
                    new StreamChannel(new InetSocketAddress(0), connect.tunnel().remoteAddress());
            channel.config().setAutoRead(true);
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ByteBuf data = (ByteBuf) msg;
                    String text = data.toString(StandardCharsets.ISO_8859_1);
                    asked.add(text);
                    if (!text.startsWith("GET ")) {
                        ctx.writeAndFlush(data);
                        return;
                    }
                    data.release();
                    ctx.writeAndFlush(Unpooled.copiedBuffer(
                            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" + name, StandardCharsets.ISO_8859_1));
                }
            });
            channel.opened(connect.accept(channel.handler(), List.of()));
            connect.eventLoop().register(channel);
        };
    }

    private String next() throws InterruptedException {
        String next = asked.poll(Loopback.SECONDS, TimeUnit.SECONDS);
        return next == null ? "nothing" : next;
    }

    private String exposed() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new OpenMetricsTextFormatWriter(false, true).write(out, registry.collect());
        return out.toString(StandardCharsets.UTF_8);
    }

    private void table(String routesKey, ServiceRoutes routes) {
        waypoint.onTable(new RouteTable(Map.of(routesKey, routes), Map.of(), Map.of()));
    }

    @Test
    void requestsGoToExactlyThePodThatWasAddressedEvenIfItIsNotReady() throws Exception {
        for (int i = 0; i < 6; i++) {
            int n = 1 + i % 2;
            Recorder client = net.connect(key, net.ip(n) + ":8080").send(GET);
            assertThat(client.await(text -> text.contains("web-"))).endsWith("web-" + n);
            client.finish();
        }
        assertThat(next()).isEqualTo("web-1 " + net.ip(1) + ":8080 by wp");
        assertThat(next()).startsWith("GET /x HTTP/1.1\r\n");
    }

    @Test
    void labelsNameThePodAndNoService() throws Exception {
        Recorder client = net.connect(key, net.ip(1) + ":8080").send(GET);
        client.await(text -> text.endsWith("web-1"));
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
        assertThat(exposed())
                .contains("destination_workload=\"web\"", "destination_canonical_service=\"web\"")
                .contains("destination_service=\"unknown\"", "destination_service_name=\"unknown\"")
                .contains("culvert_pod_clusters 1.0", "cluster=\"pods\"")
                .doesNotContain("cluster=\"workload:");
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8))
                .contains("\"destination_workload\":\"web-1\"", "\"response_code\":200")
                .doesNotContain("\"destination_service\"");
    }

    @ParameterizedTest(name = "port {0}: {1}")
    @CsvSource({"8080, GET /x HTTP/1.1", "8082, PRI * HTTP/2.0", "7777, GET /x HTTP/1.1"})
    void thePodHearsWhatAServiceDeclaresForThePortElseWhatItsClientSpeaks(int port, String line) throws Exception {
        Recorder client = net.connect(key, net.ip(1) + ":" + port).send(GET);
        assertThat(next()).startsWith("web-1 " + net.ip(1) + ":" + port);
        assertThat(next()).startsWith(line + "\r\n");
        client.abort();
    }

    @ParameterizedTest(name = "port {0}")
    @CsvSource({"9000", "7777"})
    void otherBytesPass(int port) throws Exception {
        Recorder client = net.connect(key, net.ip(2) + ":" + port).send("hello");
        client.await("hello");
        assertThat(next()).isEqualTo("web-2 " + net.ip(2) + ":" + port + " by wp");
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
    }

    @Test
    void whatIsNoPodOfThisWaypointIsRefusedAndNeverDialled() throws Exception {
        net.serve(3, "other", app("other"), HboneSettings.DEFAULT);
        net.serve(4, "outside", app("outside"), HboneSettings.DEFAULT);
        put(pod("other", 3, waypoint("another")), pod("free", 5, null));
        assertThat(net.refused(key, net.ip(3) + ":8080"))
                .as("of another waypoint")
                .isEqualTo(400);
        assertThat(net.refused(key, net.ip(5) + ":8080")).as("without one").isEqualTo(400);
        assertThat(net.refused(key, net.ip(4) + ":8080")).as("not in the mesh").isEqualTo(404);
        assertThat(net.refused(key, net.ip(1) + ":15008")).as("the mesh's port").isEqualTo(400);
        assertThat(asked).isEmpty();
    }

    @Test
    void routesOfAServiceAreNotForWhatIsSentToItsPods() throws Exception {
        HttpRule tea = new HttpRule(
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
        PortRoutes port = new PortRoutes(
                new HttpRoutes(List.of(new HttpRoutes.Entry(HttpMatch.ANY, tea)), true),
                Map.of(),
                List.of(),
                List.of());
        table(SVC, new ServiceRoutes(SVC, Map.of(0, port), List.of()));
        Recorder service = net.connect(key, VIP + ":80").send(GET);
        assertThat(service.await(text -> text.endsWith("tea"))).contains("HTTP/1.1 418 ");
        Recorder pod = net.connect(key, net.ip(1) + ":8080").send(GET);
        assertThat(pod.await(text -> text.contains("web-"))).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void policiesOfTheWaypointCountForPodsAndThoseOfAServiceDoNot() throws Exception {
        String waypointKey = RouteTable.waypointKey("default", "wp");
        RequestPolicy denyX = new RequestPolicy(
                "default/no-x",
                true,
                List.of(new RequestPolicy.Rule(
                        List.of(),
                        List.of(List.of(new RequestPolicy.Condition(
                                RequestPolicy.Attribute.PATH,
                                null,
                                List.of(new StringMatch.Exact("/x", false)),
                                List.of()))),
                        List.of())));
        table(SVC, new ServiceRoutes(SVC, Map.of(), List.of(denyX)));
        Recorder free = net.connect(key, net.ip(1) + ":8080").send(GET);
        assertThat(free.await(text -> text.contains("\r\n\r\n"))).startsWith("HTTP/1.1 200 ");
        table(waypointKey, new ServiceRoutes(waypointKey, Map.of(), List.of(denyX)));
        Recorder denied = net.connect(key, net.ip(1) + ":8080").send(GET);
        assertThat(denied.await(text -> text.contains("\r\n\r\n"))).startsWith("HTTP/1.1 403 ");
        assertThat(net.refused(key, net.ip(1) + ":9000"))
                .as("bytes, where the path cannot be seen")
                .isEqualTo(401);
    }

    @Test
    void aPodThatIsGoneIsAnsweredForAndItsSuccessorAtAnotherAddressIsNotAsked() throws Exception {
        Recorder client = net.connect(key, net.ip(1) + ":8080").send(GET);
        client.await(text -> text.endsWith("web-1"));
        net.serve(6, "web-1", app("successor"), HboneSettings.DEFAULT);
        put(pod("web-1", 6, WAYPOINT));
        asked.clear();
        client.send("GET /y HTTP/1.1\r\nhost: web\r\n\r\n");
        assertThat(client.await(text -> text.contains("HTTP/1.1 503 "))).contains("web-1");
        assertThat(asked).isEmpty();
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8)).contains("\"response_flags\":\"UH\"");
    }
}

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
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointServer;
import io.culvert.waypoint.WaypointSettings;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A waypoint that may have two connections of clients, and as many tunnels. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ConnectionLimitTest {
    private static final int MOST = 2;
    private static final String VIP = "10.96.0.10";
    private static final String SVC = "default/web.default.svc.cluster.local";
    private static final PortMap PORTS = PortMap.of(List.of(
            new PortMap.ServicePort(80, 8080, AppProtocol.HTTP11),
            new PortMap.ServicePort(81, 8080, AppProtocol.TCP),
            new PortMap.ServicePort(82, 8080, AppProtocol.UNKNOWN)));

    private final MeshStore store = new MeshStore();
    private final MetricsRegistry registry = new MetricsRegistry();
    private Loopback net;
    private AccessLog log;
    private WaypointServer waypoint;
    private PoolKey key;

    @BeforeEach
    void bringUp() throws Exception {
        net = new Loopback();
        log = new AccessLog(registry, new ByteArrayOutputStream());
        log.start();
        net.serve(1, "web", echo(), HboneSettings.DEFAULT);
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
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .withMaxConnections(MOST),
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

    private static ConnectHandler echo() {
        return connect -> {
            StreamChannel channel =
                    new StreamChannel(new InetSocketAddress(0), connect.tunnel().remoteAddress());
            channel.config().setAutoRead(true);
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ctx.writeAndFlush(msg);
                }
            });
            channel.opened(connect.accept(channel.handler(), List.of()));
            connect.eventLoop().register(channel);
        };
    }

    private String exposed() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new OpenMetricsTextFormatWriter(false, true).write(out, registry.collect());
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The connection is ended by the client in order, and the waypoint has ended its side. */
    private static void end(Recorder client) throws Exception {
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
        client.awaitClosed();
    }

    @ParameterizedTest(name = "port {0}")
    @ValueSource(ints = {80, 81, 82})
    void oneTooManyIsRefusedAndCountedUntilAnotherEnds(int port) throws Exception {
        List<Recorder> open = new ArrayList<>();
        for (int i = 0; i < MOST; i++) {
            open.add(net.connect(key, VIP + ":" + port));
        }
        assertThat(net.refused(key, VIP + ":" + port)).isEqualTo(503);
        assertThat(exposed())
                .contains("culvert_waypoint_connects_total{result=\"too_many\"} 1.0")
                .contains("culvert_waypoint_connections 2.0", "culvert_waypoint_connections_limit 2.0");
        end(open.getFirst());
        net.connect(key, VIP + ":81").send("again").await("again");
        assertThat(net.refused(key, VIP + ":" + port)).as("full again").isEqualTo(503);
    }

    @ParameterizedTest(name = "port {0}: {2}")
    @CsvSource({"80, GET / HTTP/1.1, http1", "81, hello, tcp", "82, SSH-2.0-x, tcp"})
    void whatAConnectionSpeaksIsTold(int port, String sent, String protocol) throws Exception {
        // No HTTP answers here: a request gets 502, and its connection stays.
        Recorder client = net.connect(key, VIP + ":" + port).send(sent + "\r\nhost: x\r\n\r\n");
        client.await(text -> text.endsWith("\r\n\r\n") || text.startsWith("HTTP/1.1 502 "));
        assertThat(waypoint.connections()).singleElement().satisfies(one -> {
            assertThat(one.protocol()).isEqualTo(protocol);
            assertThat(one.client().port()).isEqualTo(port);
        });
    }

    @Test
    void whatEndsBeforeItSaidAnythingGivesItsPlaceBack() throws Exception {
        for (int i = 0; i < 3 * MOST; i++) {
            end(net.connect(key, VIP + ":80"));
        }
        Recorder silent = net.connect(key, VIP + ":82");
        assertThat(waypoint.connections()).singleElement().satisfies(one -> {
            assertThat(one.protocol()).isEqualTo("unknown");
            assertThat(one.client().identity()).isEqualTo(TestCredentials.id("shop"));
        });
        silent.abort();
    }

    @Test
    void aTunnelTooManyIsResetAndCounted() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < MOST; i++) {
                idle.add(new Socket(
                        InetAddress.getLoopbackAddress(), waypoint.address().getPort()));
            }
            try (Socket over = new Socket(
                    InetAddress.getLoopbackAddress(), waypoint.address().getPort())) {
                over.setSoTimeout(10_000);
                assertThat(reset(over)).isTrue();
            }
            assertThat(exposed()).containsPattern("listener=\"hbone\",reason=\"too_many\"} 1.0");
            assertThat(idle).allMatch(Socket::isConnected);
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    private static boolean reset(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }
}

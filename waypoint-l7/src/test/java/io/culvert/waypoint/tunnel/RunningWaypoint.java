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
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointSettings;
import io.culvert.waypoint.cluster.ClientCodecs;
import io.culvert.waypoint.cluster.ClusterBook;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.RequestHandler;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A waypoint between clients' pools and node proxies: real sockets, real TLS, codecs that only tell their name. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
abstract class RunningWaypoint {
    static final String UID = "Kubernetes//Pod/default/wp-1";
    static final String VIP = "10.96.0.10";
    static final String SVC = "default/db.default.svc.cluster.local";
    static final GatewayRef WAYPOINT = new GatewayRef.ByHostname("default", "wp.default.svc.cluster.local", 15008);

    final MeshStore store = new MeshStore();
    final AtomicReference<RouteTable> table = new AtomicReference<>(RouteTable.EMPTY);
    final BlockingQueue<Client> clients = new LinkedBlockingQueue<>();
    final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
    final MetricsRegistry registry = new MetricsRegistry();
    Loopback net;
    AccessLog log;
    Tunnels tunnels;
    TunnelServer waypoint;
    PoolKey key;

    @BeforeEach
    void bringUp() throws Exception {
        net = new Loopback();
        log = new AccessLog(registry, accessLog);
        log.start();
        put(
                service(AppProtocol.UNKNOWN),
                Service.of(
                        "default",
                        "wp.default.svc.cluster.local",
                        List.of(Vip.of("", Ip.parse("10.96.0.9"))),
                        PortMap.of(15008, 15008)),
                Workload.builder(UID, net.issue("wp"))
                        .address(Ip.parse("10.0.0.9"))
                        .service("default/wp.default.svc.cluster.local", PortMap.of(15008, 15008))
                        .workload(io.culvert.proto.workload.WorkloadType.DEPLOYMENT, "wp")
                        .build());
        start(Duration.ofMillis(300));
    }

    private void start(Duration detectWait) throws Exception {
        WaypointSettings settings = WaypointSettings.of(
                        "wp",
                        "default",
                        UID,
                        "",
                        net.issue("wp"),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .withDetectWait(detectWait);
        tunnels = new Tunnels(
                settings,
                new WaypointContext(
                        net.group,
                        store,
                        net.credentials,
                        net.tls,
                        TunnelEvents.NONE,
                        new MeshTelemetry(registry, log),
                        InstantSource.system()));
        waypoint = new TunnelServer(
                tunnels,
                table::get,
                new TellingCodecs(),
                client -> {
                    clients.add(client);
                    return exchange -> {};
                },
                new ClusterBook(net.group, store::current, UID, tunnels.connector(), new NoCodecs()));
        tunnels.start();
        waypoint.start();
        key = net.key("shop", "wp", waypoint.address());
    }

    @AfterEach
    void tearDown() {
        waypoint.close();
        tunnels.close();
        assertThat(tunnels.budget().used()).as("budget after the end").isZero();
        log.close();
        net.close();
    }

    void put(Object... resources) {
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

    static Service service(AppProtocol protocol) {
        return Service.of(
                        "default",
                        "db.default.svc.cluster.local",
                        List.of(Vip.of("", Ip.parse(VIP))),
                        PortMap.of(List.of(new PortMap.ServicePort(80, 8080, protocol))))
                .withWaypoint(WAYPOINT, false);
    }

    Workload endpoint(String name, int n, boolean hbone) {
        return Workload.builder("Kubernetes//Pod/default/" + name, TestCredentials.id(name))
                .address(Ip.parse(net.ip(n)))
                .hbone(hbone)
                .service(SVC, PortMap.of(80, 8080))
                .build();
    }

    /** A pod behind a node proxy that tells who asks and sends back what comes, after {@code greeting}. */
    void pod(String name, int n, String greeting) throws Exception {
        net.serve(n, name, echo(greeting), HboneSettings.DEFAULT);
        put(endpoint(name, n, true));
    }

    ConnectHandler echo(String greeting) {
        return connect -> {
            asked.add(connect.authority() + " by " + connect.tunnel().peer().serviceAccount() + " "
                    + connect.header("x-istio-source") + " " + connect.header("forwarded") + " "
                    + connect.header("baggage"));
            StreamChannel channel =
                    new StreamChannel(new InetSocketAddress(0), connect.tunnel().remoteAddress());
            channel.config().setAutoRead(true);
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext ctx) {
                    if (!greeting.isEmpty()) {
                        ctx.writeAndFlush(ascii(greeting));
                    }
                    ctx.fireChannelActive();
                }

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ctx.writeAndFlush(msg);
                }
            });
            channel.opened(connect.accept(channel.handler(), List.of()));
            connect.eventLoop().register(channel);
        };
    }

    static ByteBuf ascii(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    /** Answers with the protocol's name and what it read. */
    private static final class TellingCodecs implements ServerCodecs {
        @Override
        public ChannelHandler http1(RequestHandler requests) {
            return new Telling("h1:");
        }

        @Override
        public ChannelHandler http2(RequestHandler requests) {
            return new Telling("h2:");
        }

        @Override
        public List<Object> drainSignals() {
            return List.of("of another codec", "drain");
        }
    }

    /** Connections of bytes need none. */
    private static final class NoCodecs implements ClientCodecs {
        @Override
        public ClientConnection http1(Channel channel) {
            throw new AssertionError("HTTP was not asked for");
        }

        @Override
        public ClientConnection http2(Channel channel) {
            throw new AssertionError("HTTP was not asked for");
        }
    }

    private static final class Telling extends ChannelInboundHandlerAdapter {
        private final String name;

        Telling(String name) {
            this.name = name;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(ascii(name));
            ctx.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.writeAndFlush(msg);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event.equals("drain")) {
                ctx.writeAndFlush(ascii("drained"));
                ctx.close();
            }
        }
    }
}

package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.hbone.Header;
import io.culvert.core.hbone.IncomingConnect;
import io.culvert.core.hbone.OpenResult;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.StringMatch;
import io.culvert.core.route.TcpRule;
import io.culvert.core.route.TlsRule;
import io.culvert.core.route.WeightedBackend;
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
import io.netty.channel.EventLoop;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A waypoint between clients' pools and node proxies: real sockets, real TLS. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class TunnelServerTest {
    private static final String UID = "Kubernetes//Pod/default/wp-1";
    private static final String VIP = "10.96.0.10";
    private static final String SVC = "default/db.default.svc.cluster.local";
    private static final GatewayRef WAYPOINT =
            new GatewayRef.ByHostname("default", "wp.default.svc.cluster.local", 15008);

    private final MeshStore store = new MeshStore();
    private final AtomicReference<RouteTable> table = new AtomicReference<>(RouteTable.EMPTY);
    private final BlockingQueue<Client> clients = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
    private final MetricsRegistry registry = new MetricsRegistry();
    private Loopback net;
    private AccessLog log;
    private Tunnels tunnels;
    private TunnelServer waypoint;
    private PoolKey key;

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

    private static Service service(AppProtocol protocol) {
        return Service.of(
                        "default",
                        "db.default.svc.cluster.local",
                        List.of(Vip.of("", Ip.parse(VIP))),
                        PortMap.of(List.of(new PortMap.ServicePort(80, 8080, protocol))))
                .withWaypoint(WAYPOINT, false);
    }

    private Workload endpoint(String name, int n, boolean hbone) {
        return Workload.builder("Kubernetes//Pod/default/" + name, TestCredentials.id(name))
                .address(Ip.parse(net.ip(n)))
                .hbone(hbone)
                .service(SVC, PortMap.of(80, 8080))
                .build();
    }

    /** A pod behind a node proxy that tells who asks and sends back what comes, after {@code greeting}. */
    private void pod(String name, int n, String greeting) throws Exception {
        net.serve(n, name, echo(greeting), HboneSettings.DEFAULT);
        put(endpoint(name, n, true));
    }

    private ConnectHandler echo(String greeting) {
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

    private static ByteBuf ascii(String text) {
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

    // ---- which service

    @ParameterizedTest(name = "CONNECT {0}: {1}")
    @CsvSource({
        "10.96.0.99:80, 404",
        "nothing.example:80, 404",
        "10.96.0.10:81, 400",
        "10.96.0.11:80, 400",
        "10.0.0.9:80, 400"
    })
    void whatIsNotThisWaypointsIsRefused(String authority, int status) throws Exception {
        put(Service.of(
                "default",
                "other.default.svc.cluster.local",
                List.of(Vip.of("", Ip.parse("10.96.0.11"))),
                PortMap.of(80, 80)));
        assertThat(net.refused(key, authority)).isEqualTo(status);
    }

    @Test
    void aWaypointThatComesToAWaypointIsALoop() throws Exception {
        assertThat(net.refused(net.key("wp", "wp", waypoint.address()), VIP + ":80"))
                .isEqualTo(508);
        assertThat(net.refused(key, VIP + ":80", new Header("x-istio-source", "waypoint")))
                .isEqualTo(508);
    }

    @ParameterizedTest(name = "{0}, bound by {1}")
    @CsvSource({
        "10.96.0.10:80, host name",
        "db.default.svc.cluster.local:80, host name",
        "10.96.0.10:80, the service's address",
        "10.96.0.10:80, the pod's address"
    })
    void theServiceIsWhatTheConnectNames(String authority, String bound) throws Exception {
        GatewayRef ref = switch (bound) {
            case "host name" -> WAYPOINT;
            case "the service's address" -> new GatewayRef.ByAddress("", Ip.parse("10.96.0.9"), 15008);
            default -> new GatewayRef.ByAddress("", Ip.parse("10.0.0.9"), 15008);
        };
        put(service(AppProtocol.HTTP11).withWaypoint(ref, false));
        net.connect(key, authority).send("GET / HTTP/1.1\r\n").await("h1:GET / HTTP/1.1\r\n");
        Client client = clients.take();
        assertThat(client.identity()).isEqualTo(TestCredentials.id("shop"));
        assertThat(client.to().routesKey()).isEqualTo(SVC);
        assertThat(client.port()).isEqualTo(80);
        assertThat(client.address().getAddress().isLoopbackAddress()).isTrue();
        assertThat(client.destination().getPort()).isEqualTo(80);
    }

    // ---- which protocol

    @ParameterizedTest(name = "{0} on a port of {1}: {2}")
    @CsvSource({
        "GET / HTTP/1.1, HTTP11, h1:",
        "GET / HTTP/1.1, HTTP2, h1:",
        "GET / HTTP/1.1, UNKNOWN, h1:",
        "PRI * HTTP/2.0, HTTP11, h2:",
        "PRI * HTTP/2.0, GRPC, h2:",
        "PRI * HTTP/2.0, UNKNOWN, h2:",
        "nonsense, HTTP11, h1:",
        "nonsense, UNKNOWN, ''",
        "GET / HTTP/1.1, TCP, ''",
        "GET / HTTP/1.1, TLS, ''"
    })
    void theFirstBytesAndTheDeclarationDecide(String line, AppProtocol declared, String codec) throws Exception {
        put(service(declared));
        pod("one", 1, "");
        String sent = line + (line.startsWith("PRI") ? "\r\n\r\nSM\r\n\r\n" : "\r\n");
        net.connect(key, VIP + ":80").send(sent).await(codec + sent);
        assertThat(clients).hasSize(codec.isEmpty() ? 0 : 1);
    }

    @Test
    void aRoutesWordOnThePortComesBeforeTheServices() throws Exception {
        put(service(AppProtocol.TCP));
        Cluster cluster = Cluster.of(SVC, 80, Protocol.HTTP);
        table.set(new RouteTable(Map.of(), Map.of(cluster.key(), cluster), Map.of()));
        net.connect(key, VIP + ":80").send("x").await("h1:x");
    }

    @Test
    void theFirstBytesMayComeOneByOne() throws Exception {
        Recorder client = net.connect(key, VIP + ":80");
        for (byte b : "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.ISO_8859_1)) {
            client.send(new byte[] {b});
        }
        client.await("h1:GET / HTTP/1.1\r\n");
    }

    @Test
    void aServerThatSpeaksFirstIsHeardAfterTheWait() throws Exception {
        pod("one", 1, "220 welcome\r\n");
        Recorder client = net.connect(key, VIP + ":80");
        client.await("220 welcome\r\n");
        client.send("EHLO x\r\n").await("220 welcome\r\nEHLO x\r\n");
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
    }

    // ---- bytes

    @Test
    void bytesGoToAnEndpointAsThisWaypointAndTellWhoseTheyAre() throws Exception {
        put(service(AppProtocol.TCP));
        pod("one", 1, "");
        Recorder client = net.connect(key, VIP + ":80").send("hello");
        client.await("hello");
        assertThat(asked.take())
                .startsWith(net.ip(1) + ":8080 by wp waypoint for=\"127.0.0.1:")
                .contains("host=db.default.svc.cluster.local", "k8s.deployment.name=wp");
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
        client.awaitClosed();
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8))
                .contains("\"way\":\"waypoint\"", "\"src.identity\":\"spiffe://cluster.local/ns/default/sa/shop\"")
                .contains("\"close_reason\":\"ok\"", "\"dst.service\":\"db.default.svc.cluster.local\"");
    }

    @Test
    void aLargeTransferBothWaysIsExact() throws Exception {
        put(service(AppProtocol.TCP));
        pod("one", 1, "");
        byte[] data = new byte[8 << 20];
        new java.util.Random(7).nextBytes(data);
        Recorder client = net.connect(key, VIP + ":80");
        client.send(data).finish();
        assertThat(client.awaitFinished()).isTrue();
        assertThat(client.bytes()).isEqualTo(data);
    }

    @Test
    void anotherEndpointIsTriedWhenOneDoesNotTakeTheConnection() throws Exception {
        put(service(AppProtocol.TCP));
        net.serve(1, "one", connect -> connect.reject(503), HboneSettings.DEFAULT);
        put(endpoint("one", 1, true));
        assertThat(net.refused(key, VIP + ":80")).isEqualTo(503);
        pod("two", 2, "");
        for (int i = 0; i < 8; i++) {
            net.connect(key, VIP + ":80").send("x" + i).await("x" + i);
        }
    }

    @Test
    void anEndpointThatProvesAnotherIdentityIsNotSpokenTo() throws Exception {
        put(service(AppProtocol.TCP));
        net.serve(1, "impostor", echo(""), HboneSettings.DEFAULT);
        put(endpoint("one", 1, true));
        assertThat(net.refused(key, VIP + ":80")).isEqualTo(503);
        assertThat(asked).isEmpty();
    }

    @Test
    void anEndpointOutsideTheMeshIsSpokenToPlainly() throws Exception {
        put(service(AppProtocol.TCP));
        put(endpoint("legacy", 1, false));
        try (ServerSocket listener = new ServerSocket(8080, 1, InetAddress.ofLiteral(net.ip(1)))) {
            CompletableFuture<Void> app = CompletableFuture.runAsync(() -> {
                try (Socket socket = listener.accept()) {
                    socket.getInputStream().transferTo(socket.getOutputStream());
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            Recorder client = net.connect(key, VIP + ":80").send("plain").finish();
            assertThat(client.awaitFinished()).isTrue();
            assertThat(client.text()).isEqualTo("plain");
            app.get(Loopback.SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void noEndpointIsToldByTheStatus() throws Exception {
        put(service(AppProtocol.TCP));
        assertThat(net.refused(key, VIP + ":80")).isEqualTo(503);
        log.close();
        assertThat(accessLog.toString(StandardCharsets.UTF_8)).contains("no_healthy_upstream", "no ready endpoint");
    }

    @Test
    void aClientThatGivesUpIsForgotten() throws Exception {
        put(service(AppProtocol.TCP));
        BlockingQueue<IncomingConnect> waiting = new LinkedBlockingQueue<>();
        net.serve(1, "one", waiting::add, HboneSettings.DEFAULT);
        put(endpoint("one", 1, true));
        CompletableFuture<OpenResult> result = new CompletableFuture<>();
        CompletableFuture<Void> givenUp = new CompletableFuture<>();
        var pending = net.onLoop(() -> net.pool.open(
                key,
                new io.culvert.core.hbone.ConnectRequest(VIP + ":80", List.of()),
                io.culvert.core.hbone.WindowBudget.unlimited(),
                new Recorder(),
                result::complete));
        IncomingConnect upstream = waiting.take();
        upstream.eventLoop().execute(() -> upstream.onCancelled(() -> givenUp.complete(null)));
        net.onLoop(() -> {
            pending.cancel();
            return null;
        });
        givenUp.get(Loopback.SECONDS, TimeUnit.SECONDS);
        assertThat(result).isNotDone();
    }

    // ---- routes of bytes

    private static WeightedBackend to(Cluster cluster, int weight) {
        return new WeightedBackend(
                new Backend.ToCluster(cluster.key()),
                weight,
                io.culvert.core.route.HeaderChanges.NONE,
                io.culvert.core.route.HeaderChanges.NONE);
    }

    private void routes(PortRoutes routes, List<RequestPolicy> policies, Cluster... clusters) {
        Map<String, Cluster> byKey = new java.util.HashMap<>();
        for (Cluster cluster : clusters) {
            byKey.put(cluster.key(), cluster);
        }
        table.set(new RouteTable(
                Map.of(SVC, new ServiceRoutes(SVC, Map.of(80, routes), policies)),
                byKey,
                Map.of("Kubernetes//Pod/default/v2", Map.of("version", "v2"))));
    }

    private static Cluster subset(String name, Protocol protocol) {
        return new Cluster(
                Cluster.key(SVC, 80, name),
                SVC,
                80,
                name,
                name.isEmpty() ? Map.of() : Map.of("version", name),
                protocol,
                io.culvert.core.route.ClusterPolicy.DEFAULT);
    }

    @Test
    void aTcpRouteChoosesBackendsByWeightAndSubsetsByLabels() throws Exception {
        put(service(AppProtocol.TCP));
        pod("v1", 1, "one ");
        pod("v2", 2, "two ");
        Cluster two = subset("v2", Protocol.TCP);
        Cluster missing = subset("v3", Protocol.TCP);
        routes(
                new PortRoutes(
                        HttpRoutes.NONE,
                        Map.of(),
                        List.of(new TcpRule("tcp", List.of(to(missing, 0), to(two, 100)))),
                        List.of()),
                List.of(),
                two,
                missing);
        for (int i = 0; i < 10; i++) {
            net.connect(key, VIP + ":80").send("x").await("two x");
        }
        routes(
                new PortRoutes(HttpRoutes.NONE, Map.of(), List.of(new TcpRule("tcp", List.of(to(two, 0)))), List.of()),
                List.of(),
                two);
        assertThat(net.refused(key, VIP + ":80")).isEqualTo(503);
    }

    @Test
    void tlsIsRoutedByItsServerNameAndAnUnknownNameIsReset() throws Exception {
        put(service(AppProtocol.TLS));
        pod("v1", 1, "one");
        pod("v2", 2, "two");
        Cluster two = subset("v2", Protocol.TLS);
        routes(
                new PortRoutes(
                        HttpRoutes.NONE,
                        Map.of(),
                        List.of(),
                        List.of(
                                new TlsRule("exact", List.of("shop.example.com"), List.of(to(two, 1))),
                                new TlsRule("wild", List.of("*.wild.example"), List.of(to(two, 1))))),
                List.of(),
                two);
        for (String name : List.of("shop.example.com", "a.b.wild.example")) {
            byte[] hello = hello(name);
            String expected = "two" + new String(hello, StandardCharsets.ISO_8859_1);
            net.connect(key, VIP + ":80").send(hello).await(expected);
        }
        for (String name : List.of("other.example.com", "wild.example")) {
            net.connect(key, VIP + ":80").send(hello(name)).awaitReset();
        }
        net.connect(key, VIP + ":80").send("no TLS").awaitReset();
    }

    private static byte[] hello(String name) {
        byte[] host = name.getBytes(StandardCharsets.US_ASCII);
        ByteBuf out = Unpooled.buffer();
        int extensions = 4 + 5 + host.length;
        int body = 2 + 32 + 1 + 2 + 2 + 2 + 2 + extensions;
        out.writeByte(22).writeShort(0x0301).writeShort(body + 4).writeByte(1).writeMedium(body);
        out.writeShort(0x0303).writeZero(32).writeByte(0).writeShort(2).writeShort(0x1301);
        out.writeByte(1).writeByte(0).writeShort(extensions);
        out.writeShort(0).writeShort(5 + host.length).writeShort(3 + host.length);
        out.writeByte(0).writeShort(host.length).writeBytes(host);
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        out.release();
        return bytes;
    }

    @Test
    void aPolicyThatDeniesIsAskedBeforeAnythingIsDialled() throws Exception {
        put(service(AppProtocol.TCP));
        pod("one", 1, "");
        var shop = new RequestPolicy.Condition(
                RequestPolicy.Attribute.SOURCE_SERVICE_ACCOUNT,
                null,
                List.of(new StringMatch.Exact("default/shop", false)),
                List.of());
        routes(
                PortRoutes.NONE,
                List.of(new RequestPolicy(
                        "default/no-shop",
                        true,
                        List.of(new RequestPolicy.Rule(List.of(List.of(shop)), List.of(), List.of())))));
        assertThat(net.refused(key, VIP + ":80")).isEqualTo(401);
        assertThat(asked).isEmpty();
        net.connect(net.key("other", "wp", waypoint.address()), VIP + ":80")
                .send("x")
                .await("x");
    }

    // ---- the connector

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

    // ---- the end

    @Test
    void aDrainTellsTheCodecsAndLetsWhatIsUnderWayFinish() throws Exception {
        put(service(AppProtocol.HTTP11));
        Recorder client = net.connect(key, VIP + ":80").send("x");
        client.await("h1:x");
        CompletableFuture<Void> drained =
                CompletableFuture.runAsync(() -> waypoint.drain(Duration.ofSeconds(Loopback.SECONDS)));
        client.await("h1:xdrained");
        client.finish();
        assertThat(client.awaitFinished()).isTrue();
        drained.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }
}

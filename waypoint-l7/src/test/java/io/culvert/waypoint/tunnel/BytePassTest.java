package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.hbone.IncomingConnect;
import io.culvert.core.hbone.OpenResult;
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
import io.culvert.proto.workload.AppProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Streams of bytes: to whom, by which route, and what becomes of them. */
class BytePassTest extends RunningWaypoint {
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
}

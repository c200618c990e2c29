package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.Header;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.waypoint.Client;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which service a tunnel is for, which protocol it carries, and how it ends. */
class TunnelServerTest extends RunningWaypoint {
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

    @ParameterizedTest(name = "\"{0}\" and then nothing more")
    @ValueSource(strings = {"", "PRI * HTTP/2.0\r\n"})
    void whereHttpIsDeclaredNothingPassesAsBytes(String sent) throws Exception {
        put(service(AppProtocol.HTTP2));
        pod("one", 1, "");
        net.connect(key, VIP + ":80").send(sent).finish().await("h1:" + sent);
        assertThat(asked).isEmpty();
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

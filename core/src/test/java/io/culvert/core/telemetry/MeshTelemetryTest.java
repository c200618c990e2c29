package io.culvert.core.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class MeshTelemetryTest {
    private final MetricsRegistry registry = new MetricsRegistry();
    private final AccessLog accessLog = new AccessLog(registry, new ByteArrayOutputStream());
    private final AtomicLong clock = new AtomicLong();
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @AfterEach
    void stopLoops() {
        loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void namesAndLabelsAreExactlyIstios() {
        MeshTelemetry telemetry = telemetry(100);
        ConnectionRecord record = telemetry.open(Samples.tunnel());
        record.sent(100);
        record.received(2000);
        record.close(CloseReason.OK, null);

        List<String> names = new ArrayList<>();
        Matcher label = Pattern.compile("([a-z_]+)=\"").matcher(opened().get(0));
        while (label.find()) {
            names.add(label.group(1));
        }
        assertThat(names)
                .containsExactlyInAnyOrder(
                        "reporter",
                        "source_workload",
                        "source_canonical_service",
                        "source_canonical_revision",
                        "source_workload_namespace",
                        "source_principal",
                        "source_app",
                        "source_version",
                        "source_cluster",
                        "destination_service",
                        "destination_service_namespace",
                        "destination_service_name",
                        "destination_workload",
                        "destination_canonical_service",
                        "destination_canonical_revision",
                        "destination_workload_namespace",
                        "destination_principal",
                        "destination_app",
                        "destination_version",
                        "destination_cluster",
                        "request_protocol",
                        "response_flags",
                        "connection_security_policy");
        assertThat(opened().get(0))
                .contains(
                        "reporter=\"source\"",
                        "source_workload=\"client\"",
                        "source_principal=\"spiffe://cluster.local/ns/shop/sa/client\"",
                        "destination_service=\"web.shop.svc.cluster.local\"",
                        "destination_service_name=\"web\"",
                        "destination_service_namespace=\"shop\"",
                        "destination_canonical_revision=\"v2\"",
                        "request_protocol=\"tcp\"",
                        "response_flags=\"-\"",
                        "connection_security_policy=\"mutual_tls\"")
                .endsWith("} 1.0");
        assertThat(Samples.value(registry, "istio_tcp_connections_closed_total"))
                .isEqualTo(1);
        assertThat(Samples.lines(registry, "istio_tcp_connections_failed_total"))
                .isEmpty();
    }

    @Test
    void bytesSentAreTheResponseWhoeverReports() {
        MeshTelemetry telemetry = telemetry(100);
        ConnectionRecord record = telemetry.open(Samples.tunnel());
        record.sent(100);
        record.received(2000);
        record.close(CloseReason.OK, null);
        assertThat(Samples.value(registry, "istio_tcp_received_bytes_total")).isEqualTo(100);
        assertThat(Samples.value(registry, "istio_tcp_sent_bytes_total")).isEqualTo(2000);
    }

    @Test
    void whatIsNotKnownIsCalledUnknownAndPlaintextToo() {
        telemetry(100)
                .open(Samples.connection(
                        Reporter.DESTINATION,
                        Way.INBOUND_PLAIN,
                        SecurityPolicy.NONE,
                        Peer.UNKNOWN,
                        Samples.SERVER,
                        null));
        assertThat(opened().get(0))
                .contains(
                        "source_workload=\"unknown\"",
                        "source_principal=\"unknown\"",
                        "destination_service=\"unknown\"",
                        "connection_security_policy=\"unknown\"");
    }

    @Test
    void sameNodeIsNeverCalledMutualTls() {
        telemetry(100)
                .open(Samples.connection(
                        Reporter.SOURCE,
                        Way.SAME_NODE,
                        SecurityPolicy.SAME_NODE,
                        Samples.CLIENT,
                        Samples.SERVER,
                        Samples.SERVICE));
        assertThat(opened().get(0)).contains("connection_security_policy=\"same_node\"");
    }

    @Test
    void podsOfOneWorkloadShareALabelSet() {
        MeshTelemetry telemetry = telemetry(100);
        telemetry.open(Samples.tunnel());
        Peer other = new Peer(
                "client",
                "client-2",
                "shop",
                "client",
                "v1",
                "client",
                "v1",
                "Kubernetes",
                "spiffe://cluster.local/ns/shop/sa/client");
        telemetry.open(Samples.connection(
                Reporter.SOURCE, Way.TUNNEL, SecurityPolicy.MUTUAL_TLS, other, Samples.SERVER, Samples.SERVICE));
        assertThat(opened()).singleElement().asString().endsWith("} 2.0");
    }

    @Test
    void aRefusalCountsAsFailedWithItsFlagAndReason() {
        MeshTelemetry telemetry = telemetry(100);
        telemetry.refused(Samples.tunnel(), CloseReason.POLICY_DENIED, null, "shop/deny-all");
        assertThat(opened()).isEmpty();
        assertThat(Samples.lines(registry, "istio_tcp_connections_failed_total"))
                .singleElement()
                .asString()
                .contains("response_flags=\"DENY\"");
        assertThat(Samples.lines(registry, "culvert_connections_closed_total"))
                .singleElement()
                .asString()
                .contains("reason=\"policy_denied\"", "way=\"tunnel\"", "reporter=\"source\"");
    }

    @Test
    void aFailedConnectCountsOnceAsOpenedClosedAndFailed() {
        MeshTelemetry telemetry = telemetry(100);
        ConnectionRecord record = telemetry.open(Samples.tunnel());
        record.close(CloseReason.CONNECT_TIMEOUT, "10 s");
        record.close(CloseReason.OK, null);
        assertThat(Samples.value(registry, "istio_tcp_connections_opened_total"))
                .isEqualTo(1);
        assertThat(Samples.lines(registry, "istio_tcp_connections_closed_total"))
                .singleElement()
                .asString()
                .contains("response_flags=\"CONNECT\"")
                .endsWith("} 1.0");
        assertThat(Samples.value(registry, "istio_tcp_connections_failed_total"))
                .isEqualTo(1);
    }

    @Test
    void openConnectionsAreAGaugeByReporter() {
        MeshTelemetry telemetry = telemetry(100);
        telemetry.open(Samples.tunnel());
        telemetry.open(Samples.tunnel()).close(CloseReason.OK, null);
        assertThat(Samples.lines(registry, "istio_tcp_sockets_open"))
                .containsExactlyInAnyOrder(
                        "istio_tcp_sockets_open{reporter=\"source\"} 1.0",
                        "istio_tcp_sockets_open{reporter=\"destination\"} 0.0",
                        "istio_tcp_sockets_open{reporter=\"waypoint\"} 0.0");
    }

    @Test
    void bytesOfAnOpenConnectionReachTheMetricsBySweep() throws Exception {
        MeshTelemetry telemetry = new MeshTelemetry(registry, accessLog, clock::get, Duration.ofMillis(10), 100);
        ConnectionRecord record =
                loops.next().submit(() -> telemetry.open(Samples.tunnel())).get();
        loops.next().submit(() -> record.sent(4096)).get();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (Samples.lines(registry, "istio_tcp_received_bytes_total").isEmpty() && System.nanoTime() < end) {
            loops.next().schedule(() -> {}, 5, TimeUnit.MILLISECONDS).get();
        }
        assertThat(Samples.value(registry, "istio_tcp_received_bytes_total")).isEqualTo(4096);
        assertThat(record.isClosed()).isFalse();
    }

    @Test
    void recordsLeaveTheSweepInAnyOrder() throws Exception {
        MeshTelemetry telemetry = new MeshTelemetry(registry, accessLog, clock::get, Duration.ofMillis(5), 100);
        loops.next()
                .submit(() -> {
                    ConnectionRecord first = telemetry.open(Samples.tunnel());
                    ConnectionRecord second = telemetry.open(Samples.tunnel());
                    ConnectionRecord third = telemetry.open(Samples.tunnel());
                    second.sent(1);
                    second.close(CloseReason.OK, null);
                    third.sent(2);
                    third.close(CloseReason.OK, null);
                    first.sent(4);
                    first.close(CloseReason.OK, null);
                })
                .get();
        assertThat(Samples.value(registry, "istio_tcp_received_bytes_total")).isEqualTo(7);
        assertThat(Samples.value(registry, "istio_tcp_connections_closed_total"))
                .isEqualTo(3);
    }

    @Test
    void tooManyLabelSetsAreCountedTogether() {
        MeshTelemetry telemetry = telemetry(2);
        for (int i = 0; i < 5; i++) {
            telemetry.open(of("client-" + i));
        }
        assertThat(opened()).hasSize(3);
        assertThat(opened()).anyMatch(l -> l.contains("source_workload=\"overflow\"") && l.endsWith(" 3.0"));
        assertThat(Samples.value(registry, "culvert_metric_label_sets_overflow_total"))
                .isEqualTo(3);
    }

    @Test
    void labelSetsUnusedForAnHourMakeRoom() {
        MeshTelemetry telemetry = telemetry(2);
        telemetry.open(of("a")).close(CloseReason.OK, null);
        telemetry.open(of("b")).close(CloseReason.OK, null);
        clock.addAndGet(Duration.ofMinutes(61).toNanos());
        telemetry.open(of("c"));
        assertThat(opened()).singleElement().asString().contains("source_workload=\"c\"");
    }

    @Test
    void handshakeAndAcceptFailuresAreCountedByReason() {
        MeshTelemetry telemetry = telemetry(10);
        telemetry.handshakeFailed(Reporter.DESTINATION, "expired");
        telemetry.handshakeFailed(Reporter.DESTINATION, "expired");
        telemetry.acceptFailed("hbone", "no_descriptors");
        assertThat(Samples.lines(registry, "culvert_tls_handshakes_failed_total"))
                .containsExactly("culvert_tls_handshakes_failed_total{reason=\"expired\",side=\"server\"} 2.0");
        assertThat(Samples.lines(registry, "culvert_accept_errors_total"))
                .containsExactly("culvert_accept_errors_total{listener=\"hbone\",reason=\"no_descriptors\"} 1.0");
    }

    private MeshTelemetry telemetry(int maxLabelSets) {
        return new MeshTelemetry(registry, accessLog, clock::get, MeshTelemetry.FLUSH_PERIOD, maxLabelSets);
    }

    private List<String> opened() {
        return Samples.lines(registry, "istio_tcp_connections_opened_total");
    }

    private static ConnectionAttributes of(String workload) {
        Peer peer = new Peer(workload, null, "shop", null, null, null, null, null, null);
        return Samples.connection(
                Reporter.SOURCE, Way.TUNNEL, SecurityPolicy.MUTUAL_TLS, peer, Samples.SERVER, Samples.SERVICE);
    }
}

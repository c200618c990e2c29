package io.culvert.waypoint.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.DestinationService;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Peer;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RequestTelemetryTest {
    private static final DestinationService SERVICE =
            new DestinationService("web.shop.svc.cluster.local", "web", "shop");
    private static final Client CLIENT = new Client(
            SpiffeId.parse("spiffe://cluster.local/ns/front/sa/shopper"),
            new InetSocketAddress("10.1.0.5", 40_000),
            new Addressed.ToService(Service.of("shop", "web.shop.svc.cluster.local", List.of(), PortMap.EMPTY)),
            80,
            new InetSocketAddress("10.96.0.7", 80));

    private final MetricsRegistry registry = new MetricsRegistry();

    private static Peer peer(String name) {
        return new Peer(
                name,
                name + "-1",
                "shop",
                name,
                "v1",
                name,
                "v1",
                "Kubernetes",
                "spiffe://cluster.local/ns/shop/sa/" + name);
    }

    private String exposed() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new OpenMetricsTextFormatWriter(false, true).write(out, registry.collect());
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aRequestIsCountedUnderIstiosNamesAndLabels() throws IOException {
        RequestMetrics metrics = new RequestMetrics(registry, 10);
        metrics.count(peer("client"), peer("web"), SERVICE, "http", 200, null, "-", TimeUnit.MILLISECONDS.toNanos(7));
        metrics.count(peer("client"), peer("web"), SERVICE, "http", 200, null, "-", TimeUnit.MILLISECONDS.toNanos(30));
        String text = exposed();
        String labels =
                "connection_security_policy=\"mutual_tls\",destination_app=\"web\",destination_canonical_revision"
                        + "=\"v1\",destination_canonical_service=\"web\",destination_cluster=\"Kubernetes\",destination_principal"
                        + "=\"spiffe://cluster.local/ns/shop/sa/web\",destination_service=\"web.shop.svc.cluster.local\","
                        + "destination_service_name=\"web\",destination_service_namespace=\"shop\",destination_version=\"v1\","
                        + "destination_workload=\"web\",destination_workload_namespace=\"shop\",grpc_response_status=\"\","
                        + "reporter=\"waypoint\",request_protocol=\"http\",response_code=\"200\",response_flags=\"-\","
                        + "source_app=\"client\",source_canonical_revision=\"v1\",source_canonical_service=\"client\","
                        + "source_cluster=\"Kubernetes\",source_principal=\"spiffe://cluster.local/ns/shop/sa/client\","
                        + "source_version=\"v1\",source_workload=\"client\",source_workload_namespace=\"shop\"";
        assertThat(text).contains("istio_requests_total{" + labels + "} 2");
        assertThat(text)
                .contains(
                        "istio_request_duration_milliseconds_bucket{" + labels + ",le=\"5.0\"} 0",
                        "istio_request_duration_milliseconds_bucket{" + labels + ",le=\"10.0\"} 1",
                        "istio_request_duration_milliseconds_bucket{" + labels + ",le=\"25.0\"} 1",
                        "istio_request_duration_milliseconds_bucket{" + labels + ",le=\"50.0\"} 2",
                        "istio_request_duration_milliseconds_bucket{" + labels + ",le=\"3600000.0\"} 2",
                        "istio_request_duration_milliseconds_sum{" + labels + "} 37.0");
    }

    @Test
    void moreLabelSetsThanTheBoundOverflow() throws IOException {
        RequestMetrics metrics = new RequestMetrics(registry, 2);
        for (int status = 200; status < 205; status++) {
            metrics.count(peer("client"), peer("web"), SERVICE, "http", status, null, "-", 1);
        }
        assertThat(exposed())
                .contains(
                        "response_code=\"201\"",
                        "response_code=\"overflow\"",
                        "culvert_request_label_sets_overflow_total 3.0")
                .doesNotContain("response_code=\"202\"");
    }

    @Test
    void whatAnAppCallsAGrpcStatusIsALabelOnlyIfItIsANumber() throws IOException {
        RequestMetrics metrics = new RequestMetrics(registry, 10);
        metrics.count(peer("client"), peer("web"), SERVICE, "grpc", 200, "14", "-", 1);
        metrics.count(peer("client"), peer("web"), SERVICE, "grpc", 200, "id-83742834", "-", 1);
        assertThat(exposed()).contains("grpc_response_status=\"14\"", "grpc_response_status=\"2\"");
    }

    @Test
    void aRequestIsOneLineOfJsonWithIstiosKeys() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AccessLog log = new AccessLog(registry, out);
        log.start();
        RequestTelemetry telemetry = new RequestTelemetry(registry, log, () -> MeshState.EMPTY, "");
        RequestRecord request = new RequestRecord(CLIENT, 0);
        request.method = "POST";
        request.path = "/a\"b";
        request.authority = "web.shop";
        request.routeName = "HTTPRoute/shop/web/0";
        request.status = 503;
        request.attempts = 3;
        request.received = 12;
        request.sent = 34;
        request.serviceNanos = TimeUnit.MILLISECONDS.toNanos(3);
        request.durationNanos = TimeUnit.MILLISECONDS.toNanos(5);
        request.cluster = "shop/web|80|";
        request.upstreamHost = "10.0.0.9:8080";
        request.detail = "upstream_reset";
        request.upstreamFailure = "reset by peer";
        request.flag(ResponseFlag.CONNECTION_LOST);
        request.flag(ResponseFlag.RETRY_LIMIT);
        telemetry.ended(request);
        log.close();
        String line = out.toString(StandardCharsets.UTF_8);
        assertThat(line).startsWith("{\"start_time\":\"").endsWith("}\n").hasLineCount(1);
        assertThat(line.substring(line.indexOf(",\"route_name")))
                .isEqualTo(",\"route_name\":\"HTTPRoute/shop/web/0\",\"method\":\"POST\",\"path\":\"/a\\\"b\","
                        + "\"protocol\":\"HTTP/1.1\",\"response_code\":503,\"response_flags\":\"URX,UC\","
                        + "\"response_code_details\":\"upstream_reset\",\"bytes_received\":12,\"bytes_sent\":34,"
                        + "\"duration\":5,\"upstream_service_time\":3,\"authority\":\"web.shop\","
                        + "\"upstream_host\":\"10.0.0.9:8080\",\"upstream_cluster\":\"shop/web|80|\","
                        + "\"downstream_local_address\":\"10.96.0.7:80\",\"downstream_remote_address\":\"10.1.0.5:40000\","
                        + "\"upstream_transport_failure_reason\":\"reset by peer\","
                        + "\"source_principal\":\"spiffe://cluster.local/ns/front/sa/shopper\","
                        + "\"destination_service\":\"web.shop.svc.cluster.local\",\"attempts\":3}\n");
    }

    @Test
    void longTextsOfClientsAreCut() {
        assertThat(RequestRecord.cut("x".repeat(60_000))).hasSize(RequestRecord.MAX_TEXT);
        assertThat(RequestRecord.cut("short")).isEqualTo("short");
    }
}

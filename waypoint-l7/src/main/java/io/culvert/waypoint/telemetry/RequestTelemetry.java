package io.culvert.waypoint.telemetry;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.Counter;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Peer;
import java.util.function.Supplier;

/**
 * Counts and logs each request once, when it has ended: {@code istio_requests_total},
 * {@code istio_request_duration_milliseconds}, and one line of the access log. Any thread; nothing blocks.
 */
public final class RequestTelemetry {
    private final RequestMetrics metrics;
    private final AccessLog log;
    private final PeerLabels labels;
    private final Counter mirrors;
    private final Counter mirrorsDropped;

    /** @param network the waypoint's, to find clients by address */
    public RequestTelemetry(MetricsRegistry registry, AccessLog log, Supplier<MeshState> mesh, String network) {
        this.metrics = new RequestMetrics(registry, RequestMetrics.MAX_LABEL_SETS);
        this.log = log;
        this.labels = new PeerLabels(mesh, network);
        this.mirrors = registry.counter("culvert_mirrored_requests", "Copies of requests sent to mirrors");
        this.mirrorsDropped = registry.counter(
                "culvert_mirrored_requests_dropped",
                "Copies that were not sent: body too long, no endpoint, or too many at once");
    }

    /** A request has ended. The record passes on. */
    public void ended(RequestRecord request) {
        Peer source = labels.source(request.client);
        Peer destination = labels.destination(request);
        metrics.count(
                source,
                destination,
                labels.service(request.client.to().service()),
                request.grpc ? "grpc" : "http",
                request.status,
                request.grpcStatus,
                request.flags.isEmpty() ? "-" : request.flagText(),
                request.durationNanos);
        log.log(new RequestLine(request, destination));
    }

    /** A copy of a request was sent. */
    public void mirrored() {
        mirrors.inc();
    }

    /** A copy of a request was not sent. */
    public void mirrorDropped() {
        mirrorsDropped.inc();
    }
}

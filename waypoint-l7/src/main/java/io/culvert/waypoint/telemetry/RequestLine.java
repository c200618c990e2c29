package io.culvert.waypoint.telemetry;

import static io.culvert.core.telemetry.JsonLine.field;
import static io.culvert.core.telemetry.JsonLine.number;

import io.culvert.core.mesh.Service;
import io.culvert.core.telemetry.AccessLogLine;
import io.culvert.core.telemetry.Peer;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** A request's line of the access log: Istio's keys, then ours. A key without a value is left out. */
record RequestLine(RequestRecord request, Peer destination) implements AccessLogLine {
    @Override
    public void append(long epochMillis, StringBuilder out) {
        RequestRecord r = request;
        long duration = TimeUnit.NANOSECONDS.toMillis(r.durationNanos);
        out.append("{\"start_time\":\"")
                .append(Instant.ofEpochMilli(epochMillis - duration))
                .append('"');
        field(out, "route_name", r.routeName);
        field(out, "method", r.method);
        field(out, "path", r.path);
        field(out, "protocol", r.protocol);
        number(out, "response_code", r.status);
        field(out, "response_flags", r.flagText());
        field(out, "response_code_details", r.detail == null ? "via_upstream" : r.detail);
        field(out, "grpc_status", r.grpcStatus);
        number(out, "bytes_received", r.received);
        number(out, "bytes_sent", r.sent);
        number(out, "duration", duration);
        if (r.serviceNanos >= 0) {
            number(out, "upstream_service_time", TimeUnit.NANOSECONDS.toMillis(r.serviceNanos));
        }
        field(out, "x_forwarded_for", r.forwardedFor);
        field(out, "user_agent", r.userAgent);
        field(out, "request_id", r.requestId);
        field(out, "authority", r.authority);
        field(out, "upstream_host", r.upstreamHost);
        field(out, "upstream_cluster", r.cluster);
        field(out, "downstream_local_address", address(r.client.destination()));
        field(out, "downstream_remote_address", address(r.client.address()));
        field(out, "upstream_transport_failure_reason", r.upstreamFailure);
        field(out, "source_principal", r.client.identity().toString());
        Service service = r.client.to().service();
        field(out, "destination_service", service == null ? null : service.hostname());
        field(out, "destination_workload", destination.podName());
        number(out, "attempts", r.attempts);
        out.append("}\n");
    }

    private static String address(InetSocketAddress address) {
        String host = address.isUnresolved()
                ? address.getHostString()
                : address.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }
}

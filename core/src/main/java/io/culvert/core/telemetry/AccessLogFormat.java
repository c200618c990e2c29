package io.culvert.core.telemetry;

import static io.culvert.core.telemetry.JsonLine.field;
import static io.culvert.core.telemetry.JsonLine.number;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Access-log lines in JSON: the fields of ztunnel's access log under the same names, then ours ({@code way},
 * {@code secured}, {@code close_reason}, {@code response_flags}, {@code policy}). A field without a value is left out.
 * Owned by the writer's thread.
 */
final class AccessLogFormat {
    private AccessLogFormat() {}

    static void append(AccessLogEntry entry, long epochMillis, StringBuilder out) {
        ConnectionAttributes a = entry.attributes();
        boolean source = a.reporter() == Reporter.SOURCE;
        boolean proved = a.security() != SecurityPolicy.NONE;
        CloseReason reason = entry.reason();
        out.append("{\"level\":\"").append(level(entry)).append('"');
        field(out, "time", Instant.ofEpochMilli(epochMillis).toString());
        field(out, "scope", "access");
        field(out, "message", entry.established() ? "connection complete" : "connection failed");
        field(out, "src.addr", address(a.srcAddr()));
        field(out, "src.workload", podOrService(a.source()));
        field(out, "src.namespace", a.source().namespace());
        field(out, "src.identity", proved ? a.source().principal() : null);
        field(out, "src.cluster", a.source().cluster());
        field(out, "dst.addr", address(a.dstAddr()));
        field(out, "dst.hbone_addr", a.hboneAddr() == null ? null : address(a.hboneAddr()));
        field(out, "dst.service", a.service() == null ? null : a.service().host());
        field(out, "dst.workload", podOrService(a.destination()));
        field(out, "dst.namespace", a.destination().namespace());
        field(out, "dst.identity", proved ? a.destination().principal() : null);
        field(out, "dst.cluster", a.destination().cluster());
        field(out, "direction", a.reporter().direction());
        field(out, "way", a.way().label());
        field(out, "secured", a.security().label());
        // Each side tells its own sending: the source's are the request, the destination's the response.
        number(out, "bytes_sent", source ? entry.sent() : entry.received());
        number(out, "bytes_recv", source ? entry.received() : entry.sent());
        field(out, "duration", TimeUnit.NANOSECONDS.toMillis(entry.durationNanos()) + "ms");
        field(out, "close_reason", reason.label());
        field(out, "response_flags", reason.responseFlag());
        field(out, "policy", entry.policy());
        field(out, "error", error(entry));
        out.append("}\n");
    }

    private static String level(AccessLogEntry entry) {
        if (!entry.established()) {
            return "warn";
        }
        return entry.reason().isError() ? "error" : "info";
    }

    private static @Nullable String error(AccessLogEntry entry) {
        if (entry.detail() != null) {
            return entry.detail();
        }
        return entry.reason().isError() ? entry.reason().meaning() : null;
    }

    private static @Nullable String podOrService(Peer peer) {
        return peer.podName() != null ? peer.podName() : peer.canonicalService();
    }

    private static String address(InetSocketAddress address) {
        if (address.isUnresolved()) {
            return address.getHostString() + ":" + address.getPort();
        }
        String host = address.getAddress().getHostAddress();
        return host.indexOf(':') < 0 ? host + ":" + address.getPort() : "[" + host + "]:" + address.getPort();
    }
}

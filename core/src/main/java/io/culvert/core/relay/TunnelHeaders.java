package io.culvert.core.relay;

import io.culvert.core.hbone.Header;
import io.culvert.core.mesh.Workload;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The header fields that HBONE peers tell each other (l4-ztunnel rows 17 and 18). Any thread. */
public final class TunnelHeaders {
    private TunnelHeaders() {}

    /** Who a workload is, in W3C baggage form; make it once per workload. */
    public static Header baggage(Workload workload) {
        StringBuilder text = new StringBuilder(160);
        add(text, "k8s.cluster.name", workload.clusterId());
        add(text, "k8s.namespace.name", workload.namespace());
        add(text, "k8s." + workload.workloadType().name().toLowerCase(Locale.ROOT) + ".name", workload.workloadName());
        add(text, "service.name", workload.canonicalName());
        add(text, "service.version", workload.canonicalRevision());
        add(text, "cloud.region", workload.locality().region());
        add(text, "cloud.availability_zone", workload.locality().zone());
        return new Header("baggage", text.toString());
    }

    private static void add(StringBuilder text, String key, String value) {
        if (value.isEmpty()) {
            return;
        }
        text.append(text.isEmpty() ? "" : ",").append(key).append('=');
        // What is outside of baggage-octet is percent-encoded (W3C Baggage, section 3.3.1.2).
        for (byte b : value.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            if (b > ' ' && b < 0x7f && "\",;\\%".indexOf(b) < 0) {
                text.append((char) b);
            } else {
                text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
    }

    /** The client's address and the host that it addressed (RFC 7239). */
    public static Header forwarded(InetSocketAddress client, @Nullable String host) {
        String value = "for=\"" + text(client) + "\"";
        return new Header("forwarded", host == null ? value : value + ";host=" + host);
    }

    /** A fresh trace that nobody samples (W3C Trace Context). */
    public static Header traceparent() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        HexFormat hex = HexFormat.of();
        // All-zero ids are invalid.
        long low = random.nextLong() | 1;
        long span = random.nextLong() | 1;
        return new Header(
                "traceparent",
                "00-" + hex.toHexDigits(random.nextLong()) + hex.toHexDigits(low) + "-" + hex.toHexDigits(span)
                        + "-00");
    }

    /** {@code ip:port}, IPv6 in brackets. */
    public static String text(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        String host = ip.getHostAddress();
        int zone = host.indexOf('%');
        host = zone < 0 ? host : host.substring(0, zone);
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}

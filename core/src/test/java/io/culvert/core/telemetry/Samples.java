package io.culvert.core.telemetry;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Connections for tests, and what the exposition says of them. */
final class Samples {
    static final Peer CLIENT = new Peer(
            "client",
            "client-1",
            "shop",
            "client",
            "v1",
            "client",
            "v1",
            "Kubernetes",
            "spiffe://cluster.local/ns/shop/sa/client");
    static final Peer SERVER = new Peer(
            "web", "web-1", "shop", "web", "v2", "web", "v2", "Kubernetes", "spiffe://cluster.local/ns/shop/sa/web");
    static final DestinationService SERVICE = new DestinationService("web.shop.svc.cluster.local", "web", "shop");

    private Samples() {}

    static ConnectionAttributes tunnel() {
        return connection(Reporter.SOURCE, Way.TUNNEL, SecurityPolicy.MUTUAL_TLS, CLIENT, SERVER, SERVICE);
    }

    static ConnectionAttributes connection(
            Reporter reporter,
            Way way,
            SecurityPolicy security,
            Peer source,
            Peer destination,
            @Nullable DestinationService service) {
        return new ConnectionAttributes(
                reporter,
                way,
                security,
                source,
                destination,
                service,
                new InetSocketAddress("10.1.0.5", 40000),
                new InetSocketAddress("10.2.0.7", 15008),
                new InetSocketAddress("10.2.0.7", 8080));
    }

    static String text(MetricsRegistry registry, @Nullable String accept) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            Exposition.forAccept(accept).write(registry, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    static List<String> lines(MetricsRegistry registry, String name) {
        return text(registry, null)
                .lines()
                .filter(l -> l.startsWith(name + "{") || l.startsWith(name + " "))
                .toList();
    }

    /** The value of the only sample of that name. */
    static double value(MetricsRegistry registry, String name) {
        List<String> lines = lines(registry, name);
        if (lines.size() != 1) {
            throw new AssertionError(name + " has " + lines.size() + " samples: " + lines);
        }
        return Double.parseDouble(lines.get(0).substring(lines.get(0).lastIndexOf(' ') + 1));
    }
}

package io.culvert.waypoint.tunnel;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.TlsRule;
import io.culvert.core.route.WeightedBackend;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Which cluster a connection of bytes goes to, by the routes of its service. Any thread. */
sealed interface TcpBackends {
    /** To this one. */
    record Chosen(Cluster cluster) implements TcpBackends {}

    /** To none: the connection is reset. */
    record None(String reason) implements TcpBackends {}

    /** @param serverName of TLS, null for bytes that are no TLS */
    static TcpBackends choose(RouteTable table, Client client, @Nullable String serverName, IntUnaryOperator random) {
        if (client.to() instanceof Addressed.ToWorkload to) {
            return new Chosen(to.cluster());
        }
        String key = client.to().routesKey();
        ServiceRoutes routes = table.service(key);
        PortRoutes port = routes == null ? null : routes.port(client.port());
        if (port != null && !port.tls().isEmpty()) {
            for (TlsRule rule : port.tls()) {
                if (matches(rule, serverName == null ? "" : serverName)) {
                    return pick(table, rule.name(), rule.backends(), random);
                }
            }
            if (port.tcp().isEmpty()) {
                return new None("no TLS route of " + key + " takes server name \""
                        + (serverName == null ? "" : serverName) + "\"");
            }
        }
        if (port != null && !port.tcp().isEmpty()) {
            return pick(
                    table, port.tcp().getFirst().name(), port.tcp().getFirst().backends(), random);
        }
        Cluster own = table.clusters().get(Cluster.key(key, client.port(), ""));
        return new Chosen(own == null ? Cluster.of(key, client.port(), Protocol.TCP) : own);
    }

    private static boolean matches(TlsRule rule, String serverName) {
        if (rule.serverNames().isEmpty()) {
            return true;
        }
        for (String name : rule.serverNames()) {
            boolean wildcard = name.startsWith("*.");
            if (wildcard
                    ? serverName.length() > name.length() - 1 && serverName.endsWith(name.substring(1))
                    : name.equals(serverName) && !name.isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private static TcpBackends pick(
            RouteTable table, String rule, List<WeightedBackend> backends, IntUnaryOperator random) {
        int sum = 0;
        for (WeightedBackend backend : backends) {
            sum += backend.weight();
        }
        if (sum <= 0) {
            return new None(rule + " has no backend with a weight");
        }
        int at = random.applyAsInt(sum);
        for (WeightedBackend backend : backends) {
            at -= backend.weight();
            if (at < 0) {
                return of(table, rule, backend.backend());
            }
        }
        throw new AssertionError("weights of " + rule + " do not add up");
    }

    /** A whole service needs no entry in the table. */
    private static @Nullable Cluster cluster(RouteTable table, String key) {
        Cluster known = table.clusters().get(key);
        int subset = key.lastIndexOf('|');
        int port = key.lastIndexOf('|', subset - 1);
        if (known != null || port < 0 || subset != key.length() - 1) {
            return known;
        }
        try {
            return Cluster.of(key.substring(0, port), Integer.parseInt(key, port + 1, subset, 10), Protocol.TCP);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static TcpBackends of(RouteTable table, String rule, Backend backend) {
        return switch (backend) {
            case Backend.Invalid(int _, String reason) -> new None(rule + ": " + reason);
            case Backend.ToCluster(String key) -> {
                Cluster cluster = cluster(table, key);
                yield cluster == null
                        ? new None(rule + " leads to " + key + ", which is not known")
                        : new Chosen(cluster);
            }
        };
    }
}

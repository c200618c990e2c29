package io.culvert.config;

import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads traffic policies of DestinationRules. Stateless; any thread. */
final class TrafficPolicyReader {
    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);
    private static final Duration DEFAULT_EJECTION = Duration.ofSeconds(30);

    private TrafficPolicyReader() {}

    /** Named as they are written. */
    private enum Upgrade {
        DEFAULT,
        DO_NOT_UPGRADE,
        UPGRADE
    }

    private enum Tls {
        DISABLE,
        SIMPLE,
        MUTUAL,
        ISTIO_MUTUAL
    }

    /** {@code trafficPolicy} of a rule or subset. */
    static TrafficPolicy read(Fields parent) {
        Fields policy = parent.object("trafficPolicy");
        if (policy == null) {
            return TrafficPolicy.NONE;
        }
        Map<Integer, TrafficPolicy> ports = new HashMap<>();
        for (Fields entry : policy.objects("portLevelSettings")) {
            Fields port = entry.object("port");
            Integer number = port == null ? null : port.number("number", 1, 65535);
            TrafficPolicy own = parts(entry, Map.of());
            if (port != null) {
                port.finish();
            }
            entry.finish();
            if (number == null) {
                GatewayFields.required(port == null ? entry : port, port == null ? "port" : "number");
            } else if (ports.putIfAbsent(number, own) != null) {
                entry.error("port", number + " is given twice: remove one");
            }
        }
        TrafficPolicy read = parts(policy, Map.copyOf(ports));
        if (policy.has("tunnel")) {
            policy.object("tunnel");
            policy.warning("tunnel", "is not executed: it is for traffic that leaves the mesh through a proxy");
        }
        if (policy.has("proxyProtocol")) {
            policy.object("proxyProtocol");
            policy.warning("proxyProtocol", "is not executed: the app's agent gives it the client's own address");
        }
        policy.finish();
        return read;
    }

    private static TrafficPolicy parts(Fields policy, Map<Integer, TrafficPolicy> ports) {
        tls(policy);
        OutlierDetection outliers = outliers(policy);
        return new TrafficPolicy(
                BalancingReader.read(policy, outliers != null), limits(policy), outliers, budget(policy), ports);
    }

    private static void tls(Fields policy) {
        Fields tls = policy.object("tls");
        if (tls == null) {
            return;
        }
        Tls mode = tls.choice("mode", Tls.class);
        tls.known(
                        "clientCertificate",
                        "privateKey",
                        "caCertificates",
                        "credentialName",
                        "subjectAltNames",
                        "sni",
                        "insecureSkipVerify",
                        "caCrl")
                .finish();
        if (mode == Tls.SIMPLE || mode == Tls.MUTUAL) {
            Fields.Place place = tls.place();
            policy.context()
                    .addTolerated(
                            place.line(),
                            place.path(),
                            "mode " + mode + " is not executed: a waypoint reaches apps of the mesh through the mesh's"
                                    + " mutual TLS, and an app that speaks TLS itself needs appProtocol: tls at its Service port");
        } else if (mode == Tls.DISABLE) {
            tls.warning("mode", "DISABLE is not executed: a waypoint reaches apps through the mesh's mutual TLS");
        }
    }

    private static @Nullable ConnectionLimits limits(Fields policy) {
        Fields pool = policy.object("connectionPool");
        if (pool == null) {
            return null;
        }
        Fields tcp = pool.object("tcp");
        Fields http = pool.object("http");
        pool.finish();
        ConnectionLimits all = ConnectionLimits.DEFAULT;
        Duration connect = all.connectTimeout();
        Duration idle = all.idle();
        int connections = all.connections();
        if (tcp != null) {
            connections = limit(tcp, "maxConnections");
            connect = Objects.requireNonNullElse(IstioFields.duration(tcp, "connectTimeout"), connect);
            idle = idle(tcp, idle);
            notExecuted(
                    tcp,
                    "tcpKeepalive",
                    "connections to apps are streams of the mesh's tunnels, which the mesh itself keeps alive");
            notExecuted(tcp, "maxConnectionDuration", "connections end when they are idle or drained");
            tcp.finish();
        }
        if (http == null) {
            return new ConnectionLimits(
                    connections,
                    all.pending(),
                    all.requests(),
                    all.retries(),
                    0,
                    all.streamsPerConnection(),
                    connect,
                    idle,
                    false,
                    false);
        }
        Integer perConnection = http.number("maxRequestsPerConnection", 0, Integer.MAX_VALUE);
        Upgrade upgrade = http.choice("h2UpgradePolicy", Upgrade.class);
        boolean clientProtocol = http.flag("useClientProtocol");
        if (upgrade == Upgrade.UPGRADE && clientProtocol) {
            http.error("useClientProtocol", "excludes h2UpgradePolicy UPGRADE: remove one of them");
        }
        ConnectionLimits limits = new ConnectionLimits(
                connections,
                limit(http, "http1MaxPendingRequests"),
                limit(http, "http2MaxRequests"),
                limit(http, "maxRetries"),
                perConnection == null ? 0 : perConnection,
                limit(http, "maxConcurrentStreams"),
                connect,
                idle(http, idle),
                upgrade == Upgrade.UPGRADE,
                clientProtocol);
        notExecuted(
                http,
                "http2KeepAlive",
                "connections to apps are streams of the mesh's tunnels, which the mesh itself keeps alive");
        http.finish();
        return limits;
    }

    private static Duration idle(Fields fields, Duration absent) {
        Duration idle = IstioFields.durationOrZero(fields, "idleTimeout");
        // Istio's zero is "never"; so is a hundred years, and every sum with it stays a time.
        return idle == null ? absent : idle.isZero() ? Duration.ofDays(36_500) : idle;
    }

    // Istio takes zero for "not said".
    private static int limit(Fields fields, String name) {
        Integer limit = fields.number(name, 0, Integer.MAX_VALUE);
        return limit == null || limit == 0 ? Integer.MAX_VALUE : limit;
    }

    static void notExecuted(Fields fields, String name, String why) {
        if (fields.has(name)) {
            fields.warning(name, "is not executed: " + why);
        }
        fields.known(name);
    }

    private static @Nullable OutlierDetection outliers(Fields policy) {
        Fields fields = policy.object("outlierDetection");
        if (fields == null) {
            return null;
        }
        Integer errors = fields.number("consecutive5xxErrors", 0, Integer.MAX_VALUE);
        Integer gateway = fields.number("consecutiveGatewayErrors", 0, Integer.MAX_VALUE);
        boolean split = fields.flag("splitExternalLocalOriginErrors");
        Integer local = fields.number("consecutiveLocalOriginFailures", 0, Integer.MAX_VALUE);
        Duration interval = IstioFields.duration(fields, "interval");
        Duration ejection = IstioFields.duration(fields, "baseEjectionTime");
        Integer most = fields.number("maxEjectionPercent", 0, 100);
        Integer health = fields.number("minHealthPercent", 0, 100);
        notExecuted(fields, "consecutiveErrors", "Istio has replaced it: use consecutive5xxErrors");
        notExecuted(fields, "outlierDetectionHttpErrorCodes", "waypoints count statuses 500 to 599, as Istio's do");
        fields.finish();
        if (local != null && !split) {
            fields.warning(
                    "consecutiveLocalOriginFailures",
                    "says nothing without splitExternalLocalOriginErrors: true; such failures count as 5xx");
        }
        return new OutlierDetection(
                errors == null ? 5 : errors,
                gateway == null ? 0 : gateway,
                local == null ? 5 : local,
                split,
                interval == null ? DEFAULT_INTERVAL : interval,
                ejection == null ? DEFAULT_EJECTION : ejection,
                most == null || most == 0 ? 10 : most,
                health == null ? 0 : health);
    }

    private static @Nullable RetryBudget budget(Fields policy) {
        Fields fields = policy.object("retryBudget");
        if (fields == null) {
            return null;
        }
        Double percent = fields.decimal("percent", 0, 100);
        Integer least = fields.number("minRetryConcurrency", 0, Integer.MAX_VALUE);
        notExecuted(fields, "interval", "the budget is a share of the requests that are under way");
        fields.finish();
        return new RetryBudget(percent == null ? 20 : percent, least == null ? 3 : least);
    }
}

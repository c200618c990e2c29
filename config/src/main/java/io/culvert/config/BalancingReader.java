package io.culvert.config;

import io.culvert.config.TrafficPolicy.Balancing;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.HashKey;
import io.culvert.core.route.LoadBalancer.LocalityPolicy;
import io.culvert.core.route.LoadBalancer.Warmup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code loadBalancer} of traffic policies. Stateless; any thread. */
final class BalancingReader {
    private static final int RING = 1_024;
    private static final int MAGLEV = 65_537;
    private static final int LARGEST_RING = 8_388_608;
    private static final int LARGEST_MAGLEV = 5_000_011;

    private BalancingReader() {}

    /** Named as they are written. */
    private enum Simple {
        UNSPECIFIED,
        LEAST_CONN,
        RANDOM,
        PASSTHROUGH,
        ROUND_ROBIN,
        LEAST_REQUEST
    }

    /**
     * The load balancer; null when there is none.
     *
     * @param detecting whether outlierDetection stands beside it
     */
    static @Nullable Balancing read(Fields policy, boolean detecting) {
        Fields fields = policy.object("loadBalancer");
        if (fields == null) {
            return null;
        }
        Simple simple = fields.choice("simple", Simple.class);
        Fields hash = fields.object("consistentHash");
        if (hash != null && simple != null) {
            fields.error("consistentHash", "excludes simple: remove one of them");
        }
        Fields locality = fields.object("localityLbSetting");
        boolean off = locality != null && Boolean.FALSE.equals(locality.flagIfGiven("enabled"));
        LocalityPolicy localities = locality == null ? null : locality(locality, detecting);
        Warmup warmup = warmup(fields);
        fields.finish();
        LoadBalancer balancer = hash == null
                ? new LoadBalancer(algorithm(fields, simple), null, 0, off ? null : localities, warmup)
                : hash(hash, off ? null : localities);
        if (warmup != null
                && balancer.algorithm() != Algorithm.ROUND_ROBIN
                && balancer.algorithm() != Algorithm.LEAST_REQUEST) {
            fields.warning("warmup", "says something to ROUND_ROBIN and LEAST_REQUEST only");
        }
        return new Balancing(balancer, off);
    }

    private static Algorithm algorithm(Fields fields, @Nullable Simple simple) {
        return switch (simple) {
            case null -> Algorithm.LEAST_REQUEST;
            case UNSPECIFIED, LEAST_REQUEST -> Algorithm.LEAST_REQUEST;
            case LEAST_CONN -> {
                fields.warning("simple", "LEAST_CONN is deprecated: use LEAST_REQUEST, which it is read as");
                yield Algorithm.LEAST_REQUEST;
            }
            case PASSTHROUGH -> {
                fields.warning(
                        "simple",
                        "PASSTHROUGH is not executed: what comes to a waypoint was sent to a service's address, which is"
                                + " no endpoint; LEAST_REQUEST is used");
                yield Algorithm.LEAST_REQUEST;
            }
            case RANDOM -> Algorithm.RANDOM;
            case ROUND_ROBIN -> Algorithm.ROUND_ROBIN;
        };
    }

    private static LoadBalancer hash(Fields hash, @Nullable LocalityPolicy localities) {
        List<HashKey> keys = new ArrayList<>();
        if (hash.has("httpHeaderName")) {
            keys.add(new HashKey.Header(GatewayFields.headerName(hash, "httpHeaderName")));
        }
        Fields cookie = hash.object("httpCookie");
        if (cookie != null) {
            keys.add(cookie(cookie));
        }
        if (hash.flag("useSourceIp")) {
            keys.add(new HashKey.SourceIp());
        }
        if (hash.has("httpQueryParameterName")) {
            keys.add(new HashKey.Query(GatewayFields.required(hash, "httpQueryParameterName")));
        }
        Fields ring = hash.object("ringHash");
        Fields maglev = hash.object("maglev");
        Integer deprecated = hash.number("minimumRingSize", 0, LARGEST_RING);
        Integer size = ring == null ? deprecated : ring.number("minimumRingSize", 0, LARGEST_RING);
        Integer table = maglev == null ? null : maglev.number("tableSize", 0, LARGEST_MAGLEV);
        if (ring != null) {
            ring.finish();
        }
        if (maglev != null) {
            maglev.finish();
        }
        hash.finish();
        if (ring != null && maglev != null) {
            hash.error("maglev", "excludes ringHash: remove one of them");
        }
        if (keys.size() != 1) {
            hash.error(
                    "",
                    "takes exactly one of httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName; here are "
                            + keys.size());
        }
        if (maglev != null && table != null && table != 0 && !isPrime(table)) {
            maglev.error("tableSize", table + " is no prime number, as Maglev's table needs: use " + MAGLEV);
        }
        HashKey key = keys.isEmpty() ? null : keys.getFirst();
        return maglev != null
                ? new LoadBalancer(Algorithm.MAGLEV, key, or(table, MAGLEV), localities, null)
                : new LoadBalancer(Algorithm.RING_HASH, key, or(size, RING), localities, null);
    }

    private static int or(@Nullable Integer size, int absent) {
        return size == null || size == 0 ? absent : size;
    }

    private static boolean isPrime(int number) {
        for (int divisor = 2; (long) divisor * divisor <= number; divisor++) {
            if (number % divisor == 0) {
                return false;
            }
        }
        return number > 1;
    }

    private static HashKey cookie(Fields cookie) {
        String name = GatewayFields.required(cookie, "name");
        if (!name.isEmpty() && !GatewayFields.isToken(name)) {
            cookie.error("name", "\"" + name + "\" is no name of a cookie");
        }
        String path = cookie.text("path", "");
        Duration ttl = IstioFields.durationOrZero(cookie, "ttl");
        TrafficPolicyReader.notExecuted(
                cookie, "attributes", "the cookie has its path and its lifetime, and is HttpOnly");
        cookie.finish();
        return new HashKey.Cookie(name, path, ttl);
    }

    private static @Nullable Warmup warmup(Fields fields) {
        Duration old = IstioFields.duration(fields, "warmupDurationSecs");
        Fields warmup = fields.object("warmup");
        if (warmup == null) {
            return old == null ? null : new Warmup(old, 10, 1);
        }
        Duration duration = IstioFields.duration(warmup, "duration");
        Double least = warmup.decimal("minimumPercent", 0, 100);
        Double aggression = warmup.decimal("aggression", 1, 1_000);
        warmup.finish();
        if (duration == null) {
            GatewayFields.required(warmup, "duration");
            return null;
        }
        return new Warmup(duration, least == null ? 10 : least, aggression == null ? 1 : aggression);
    }

    private static @Nullable LocalityPolicy locality(Fields fields, boolean detecting) {
        Map<String, Map<String, Integer>> distribute = new LinkedHashMap<>();
        for (Fields entry : fields.objects("distribute")) {
            String from = GatewayFields.required(entry, "from");
            Map<String, Integer> shares = shares(entry);
            entry.finish();
            if (distribute.putIfAbsent(from, shares) != null) {
                entry.error("from", from + " is given twice: remove one");
            }
        }
        Map<String, String> failover = new LinkedHashMap<>();
        for (Fields entry : fields.objects("failover")) {
            String from = GatewayFields.required(entry, "from");
            String to = GatewayFields.required(entry, "to");
            entry.finish();
            if (from.equals(to)) {
                entry.error("to", "is the region that fails: name another one");
            }
            failover.put(from, to);
        }
        List<String> priority = fields.texts("failoverPriority").stream()
                .map(Fields.Text::value)
                .toList();
        fields.finish();
        if (!distribute.isEmpty() && (!failover.isEmpty() || !priority.isEmpty())) {
            fields.error("distribute", "excludes failover and failoverPriority: remove one of them");
        }
        if (!detecting && (!failover.isEmpty() || !priority.isEmpty())) {
            fields.warning(
                    failover.isEmpty() ? "failoverPriority" : "failover",
                    "needs outlierDetection beside it, which finds out that a locality fails: not executed without");
        }
        boolean empty = distribute.isEmpty() && failover.isEmpty() && priority.isEmpty();
        return empty ? null : new LocalityPolicy(distribute, failover, priority);
    }

    private static Map<String, Integer> shares(Fields entry) {
        Fields to = entry.object("to");
        Map<String, Integer> shares = new LinkedHashMap<>();
        if (to == null) {
            GatewayFields.required(entry, "to");
            return shares;
        }
        int sum = 0;
        for (String locality : to.names()) {
            Integer share = to.number(locality, 1, 100);
            sum += share == null ? 0 : share;
            shares.put(locality, share == null ? 0 : share);
        }
        if (sum != 100) {
            entry.error("to", "must add up to 100 percent, and is " + sum);
        }
        return shares;
    }
}

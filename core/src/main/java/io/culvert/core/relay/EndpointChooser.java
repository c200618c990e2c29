package io.culvert.core.relay;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Endpoints;
import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.Workload;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.LoadBalancing.Scope;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Picks the endpoint of a connection: of two random ones the one with fewer open connections for its capacity, counted
 * for the whole node. Preferences of locality come first (l4-ztunnel rows 40 to 42): STRICT takes only endpoints that
 * match every scope, FAILOVER only those that match the most leading scopes. Any thread.
 *
 * <p>Without preferences a choice costs a few draws, whatever the number of endpoints; with them one pass.
 */
public final class EndpointChooser {
    private static final int DRAWS = 8;

    private final IntUnaryOperator random;
    private final ConcurrentHashMap<String, AtomicInteger> open = new ConcurrentHashMap<>();

    /** @param random a number from 0 to below its argument */
    public EndpointChooser(IntUnaryOperator random) {
        this.random = random;
    }

    /**
     * One of the endpoints, or null when none is left.
     *
     * @param usable false for endpoints that cannot serve this connection (no such port or address, tried already)
     */
    public @Nullable Endpoint choose(
            LoadBalancing balancing, Endpoints endpoints, Workload source, Predicate<Endpoint> usable) {
        List<Endpoint> list =
                balancing.healthPolicy() == HealthPolicy.ALLOW_ALL ? endpoints.all() : endpoints.healthy();
        boolean preferences = !balancing.routingPreference().isEmpty()
                && (balancing.mode() == Mode.STRICT || balancing.mode() == Mode.FAILOVER);
        if (list.isEmpty()) {
            return null;
        }
        if (!preferences && list.size() > 2) {
            Endpoint first = draw(list, usable, null);
            Endpoint second = first == null ? null : draw(list, usable, first);
            if (first != null && second != null) {
                return less(first, second);
            }
        }
        return scan(list, balancing, preferences, source, usable);
    }

    private @Nullable Endpoint draw(List<Endpoint> list, Predicate<Endpoint> usable, @Nullable Endpoint other) {
        for (int i = 0; i < DRAWS; i++) {
            Endpoint drawn = list.get(random.applyAsInt(list.size()));
            if (!drawn.equals(other) && usable.test(drawn)) {
                return drawn;
            }
        }
        return null;
    }

    /** One pass that keeps two random ones of the best rank (reservoir sampling). */
    private @Nullable Endpoint scan(
            List<Endpoint> list,
            LoadBalancing balancing,
            boolean preferences,
            Workload source,
            Predicate<Endpoint> usable) {
        List<Scope> scopes = balancing.routingPreference();
        boolean strict = balancing.mode() == Mode.STRICT;
        Endpoint first = null;
        Endpoint second = null;
        int best = -1;
        int seen = 0;
        for (Endpoint endpoint : list) {
            int rank = !preferences
                    ? 0
                    : strict
                            ? strictRank(scopes, source, endpoint.workload())
                            : rank(scopes, source, endpoint.workload());
            if (rank < best || rank < 0 || !usable.test(endpoint)) {
                continue;
            }
            if (rank > best) {
                best = rank;
                seen = 0;
                first = null;
                second = null;
            }
            seen++;
            if (first == null) {
                first = endpoint;
            } else if (second == null) {
                second = endpoint;
            } else {
                int at = random.applyAsInt(seen);
                first = at == 0 ? endpoint : first;
                second = at == 1 ? endpoint : second;
            }
        }
        return first == null || second == null ? first : less(first, second);
    }

    private Endpoint less(Endpoint a, Endpoint b) {
        // a.open / a.capacity <= b.open / b.capacity, counting the connection to come.
        long left = (open(a.workload().uid()) + 1L) * b.workload().capacity();
        long right = (open(b.workload().uid()) + 1L) * a.workload().capacity();
        if (left == right) {
            return random.applyAsInt(2) == 0 ? a : b;
        }
        return left < right ? a : b;
    }

    /** Matched leading scopes; a leading NETWORK counts as much as all others together, and one that does not match is passed over. */
    static int rank(List<Scope> scopes, Workload source, Workload endpoint) {
        int rank = 0;
        for (int i = 0; i < scopes.size(); i++) {
            boolean network = i == 0 && scopes.get(i) == Scope.NETWORK;
            if (matches(scopes.get(i), source, endpoint)) {
                rank += network ? scopes.size() - 1 : 1;
            } else if (!network) {
                break;
            }
        }
        return rank;
    }

    private static int strictRank(List<Scope> scopes, Workload source, Workload endpoint) {
        for (Scope scope : scopes) {
            if (!matches(scope, source, endpoint)) {
                return -1;
            }
        }
        return 0;
    }

    private static boolean matches(Scope scope, Workload source, Workload endpoint) {
        return switch (scope) {
            case REGION -> source.locality().region().equals(endpoint.locality().region());
            case ZONE -> source.locality().zone().equals(endpoint.locality().zone());
            case SUBZONE ->
                source.locality().subzone().equals(endpoint.locality().subzone());
            case NODE -> source.node().equals(endpoint.node());
            case CLUSTER -> source.clusterId().equals(endpoint.clusterId());
            case NETWORK -> source.network().equals(endpoint.network());
            case UNSPECIFIED_SCOPE, UNRECOGNIZED -> true;
        };
    }

    /** Counts a connection to that workload until {@link #closed}. */
    public void opened(String uid) {
        var _ = open.compute(uid, (key, count) -> {
            AtomicInteger counter = count == null ? new AtomicInteger() : count;
            counter.incrementAndGet();
            return counter;
        });
    }

    /** The connection has ended. */
    public void closed(String uid) {
        var _ = open.computeIfPresent(uid, (key, count) -> count.decrementAndGet() == 0 ? null : count);
    }

    /** Connections that are open to that workload from this node. */
    public int open(String uid) {
        AtomicInteger count = open.get(uid);
        return count == null ? 0 : count.get();
    }
}

package io.culvert.waypoint.cluster;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.HashKey;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.SessionAffinity;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One try from the question for a connection to its end; the only object that a try costs here. Owned by: its loop.
 */
final class Lease implements Upstreams.Wait, Upstreams.Ticket {
    private enum Phase {
        CHOOSING,
        WAITING,
        GRANTED,
        OVER
    }

    private static final int MOST_RESTARTS = 10;
    /** What a failure counts as, for latencies: an endpoint that fails fast must not look fast. */
    private static final long FAILURE_NANOS = 1_000_000_000L;

    private final ClusterState state;
    private final Upstreams.Try attempt;
    private final Cluster cluster;
    private final RouteTable table;
    private final int loop;
    /** Whether it counts among the retries. */
    private boolean retry;

    private Phase phase = Phase.CHOOSING;
    private @Nullable Host host;
    private @Nullable Pool pool;
    private @Nullable PooledConnection connection;
    /** Whether it counts among the host's requests. */
    private boolean counted;

    private int restarts;
    private boolean hashed;
    private long hash;
    /** What the response should hold its client to the host with; null for nothing. */
    private @Nullable String session;
    /** Name of the field that {@link #session} is the value of. */
    private String sessionField = "set-cookie";

    /**
     * @param cluster as the latest table has it
     * @param table the one that {@code cluster} is of
     */
    Lease(ClusterState state, Upstreams.Try attempt, Cluster cluster, RouteTable table, int loop) {
        this.state = state;
        this.attempt = attempt;
        this.cluster = cluster;
        this.table = table;
        this.loop = loop;
    }

    void start() {
        HostSet hosts = state.current(cluster, table);
        if (!attempt.retry() || retryAllowed(hosts.source.cluster().policy())) {
            choose(hosts);
        }
    }

    /** The endpoint has left meanwhile: from the choice on again. */
    void restart() {
        giveBackHost();
        phase = Phase.CHOOSING;
        pool = null;
        if (++restarts > MOST_RESTARTS) {
            state.stats().count(ClusterStats.Count.NO_ENDPOINT);
            refuse(
                    Upstreams.Unavailable.NO_ENDPOINT,
                    "endpoints of " + state.key() + " leave faster than they can be reached: see why its pods restart");
            return;
        }
        choose(state.current(cluster, table));
    }

    private boolean retryAllowed(ClusterPolicy policy) {
        ClusterStats stats = state.stats();
        double share = policy.retryBudget().percent() / 100 * (stats.requests() + stats.pending());
        int budget = (int)
                Math.min(Integer.MAX_VALUE - 1, Math.max(policy.retryBudget().minimum(), share));
        if (!ClusterStats.take(stats.retries, Math.min(budget, policy.limits().retries()))) {
            boolean limit = stats.retries() >= policy.limits().retries();
            stats.count(limit ? ClusterStats.Count.RETRY_OVERFLOW : ClusterStats.Count.RETRY_BUDGET_EXCEEDED);
            refuse(
                    limit ? Upstreams.Unavailable.OVERFLOW : Upstreams.Unavailable.RETRY_BUDGET,
                    limit
                            ? policy.limits().retries() + " retries to " + state.key()
                                    + " are under way already, which is the limit"
                            : "the budget of retries to " + state.key() + " ("
                                    + policy.retryBudget().percent()
                                    + " % of the requests under way, at least "
                                    + policy.retryBudget().minimum() + ") is used up");
            return false;
        }
        retry = true;
        return true;
    }

    private void choose(HostSet hosts) {
        Host chosen = pick(hosts);
        if (chosen == null) {
            state.stats().count(ClusterStats.Count.NO_ENDPOINT);
            refuse(Upstreams.Unavailable.NO_ENDPOINT, noEndpoint(hosts));
            return;
        }
        host = chosen;
        chosen.active.getAndIncrement();
        counted = true;
        attempt.onChosen(chosen.uid);
        state.pools(loop).of(chosen, http2(cluster)).take(this);
    }

    private String noEndpoint(HostSet hosts) {
        if (cluster.isWorkload()) {
            return "pod " + cluster.workloadUid() + " at " + cluster.workloadAddress()
                    + " is gone: the client should look up the pod's address again";
        }
        String what = cluster.labels().isEmpty() ? "" : " with the labels " + cluster.labels();
        return hosts.members.length == 0
                ? "no ready endpoint of " + cluster.serviceKey() + " port " + cluster.port() + what
                        + ": see whether its pods are ready and its selector matches them"
                : "all " + hosts.members.length + " endpoints of " + state.key()
                        + " are ejected, or in localities that get nothing: see what they log";
    }

    private @Nullable Host pick(HostSet hosts) {
        ClusterPolicy policy = hosts.source.cluster().policy();
        SessionAffinity affinity = policy.affinity();
        if (affinity != null) {
            String token = SessionKey.token(affinity, attempt.request().fields());
            Host named = token == null ? null : hosts.named(token, attempt.tried());
            if (named != null) {
                session = null;
                return named;
            }
        }
        HashKey key = policy.loadBalancer().hash();
        if (key != null && !hashed) {
            hash(policy.loadBalancer().algorithm(), key);
        }
        Host chosen = hosts.choose(loop, hashed, hash, attempt.tried());
        if (affinity != null && chosen != null) {
            sessionField = affinity.cookie() ? "set-cookie" : affinity.name();
            session = affinity.cookie()
                    ? SessionKey.setCookie(affinity.name(), chosen.token(), affinity.path(), affinity.lifetime())
                    : chosen.token();
        }
        return chosen;
    }

    private void hash(Algorithm algorithm, HashKey by) {
        if (algorithm != Algorithm.RING_HASH && algorithm != Algorithm.MAGLEV) {
            return;
        }
        RequestHead request = attempt.request();
        String value = switch (by) {
            case HashKey.Header header -> request.fields().joined(header.name());
            case HashKey.Cookie cookie -> cookie(cookie, request.fields());
            case HashKey.Query query -> SessionKey.query(request.path(), query.name());
            case HashKey.SourceIp _ -> null;
        };
        if (by instanceof HashKey.SourceIp) {
            hashed = true;
            hash = Hash64.of(attempt.source().getAddress());
        } else if (value != null) {
            hashed = true;
            hash = Hash64.of(value, 0);
        }
    }

    private @Nullable String cookie(HashKey.Cookie cookie, Fields fields) {
        String value = SessionKey.cookie(fields, cookie.name());
        if (value == null && cookie.lifetime() != null) {
            value = Long.toHexString(state.surroundings().random().nextLong());
            session = SessionKey.setCookie(cookie.name(), value, cookie.path(), cookie.lifetime());
        }
        return value;
    }

    private boolean http2(Cluster to) {
        ConnectionLimits limits = state.policy().limits();
        if (!attempt.request().upgrade().isEmpty()) {
            // A change of protocol is HTTP/1.1's own.
            return false;
        }
        boolean client = attempt.clientProtocol().equals("HTTP/2");
        if (limits.useClientProtocol()) {
            return client;
        }
        return limits.upgradeToHttp2()
                || switch (to.protocol()) {
                    case HTTP2, GRPC -> true;
                    // Nobody said what the app speaks: what its clients speak, then.
                    case DETECT -> client;
                    case HTTP, TLS, TCP -> false;
                };
    }

    void waitsIn(Pool where) {
        phase = Phase.WAITING;
        pool = where;
    }

    void granted(PooledConnection to) {
        ClusterStats stats = state.stats();
        if (!ClusterStats.take(stats.requests, state.policy().limits().requests())) {
            stats.count(ClusterStats.Count.REQUEST_OVERFLOW);
            refuse(
                    Upstreams.Unavailable.OVERFLOW,
                    "more than " + state.policy().limits().requests() + " requests are under way to " + state.key()
                            + ": raise the limit, or add endpoints");
            return;
        }
        stats.count(ClusterStats.Count.REQUESTS);
        if (retry) {
            stats.count(ClusterStats.Count.RETRIES);
        }
        phase = Phase.GRANTED;
        connection = to;
        to.grant();
        attempt.onConnection(to.connection, this);
    }

    void refuse(Upstreams.Unavailable why, String detail) {
        end();
        attempt.onUnavailable(why, detail);
    }

    /** Gives everything back that it holds. */
    private void end() {
        if (phase == Phase.GRANTED) {
            state.stats().requests.getAndDecrement();
        }
        phase = Phase.OVER;
        pool = null;
        giveBackHost();
        if (retry) {
            retry = false;
            state.stats().retries.getAndDecrement();
        }
    }

    private void giveBackHost() {
        if (counted && host != null) {
            counted = false;
            host.active.getAndDecrement();
        }
    }

    @Override
    public void cancel() {
        if (phase == Phase.WAITING && pool != null) {
            pool.forget(this);
            end();
        }
    }

    boolean isOver() {
        return phase == Phase.OVER;
    }

    private Host host() {
        if (host == null) {
            throw new IllegalStateException("a ticket has a host from the connection on");
        }
        return host;
    }

    @Override
    public String workload() {
        return host().uid;
    }

    @Override
    public String address() {
        return host().address;
    }

    @Override
    public @Nullable String setCookie() {
        return sessionField.equals("set-cookie") ? session : null;
    }

    @Override
    public void addTo(Fields response) {
        if (session == null) {
            return;
        }
        if (sessionField.equals("set-cookie")) {
            response.add(sessionField, session);
        } else {
            response.set(sessionField, session);
        }
    }

    @Override
    public void onStatus(int status, Duration latency) {
        if (phase != Phase.GRANTED) {
            return;
        }
        host().latency.observe(latency.toNanos(), state.now());
        OutlierDetection detection = state.policy().outliers();
        if (detection != null) {
            state.outliers().status(host(), status, detection);
        }
    }

    @Override
    public void onLocalFailure() {
        if (phase != Phase.GRANTED) {
            return;
        }
        host().latency.observe(FAILURE_NANOS, state.now());
        OutlierDetection detection = state.policy().outliers();
        if (detection != null) {
            state.outliers().localFailure(host(), detection);
        }
    }

    @Override
    public void done() {
        if (phase != Phase.GRANTED) {
            return;
        }
        PooledConnection used = connection;
        connection = null;
        end();
        if (used != null) {
            used.over();
        }
    }
}

package io.culvert.config;

import io.culvert.config.HttpRouteResource.Match;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.SessionAffinity;
import io.culvert.core.route.TcpRule;
import io.culvert.core.route.WeightedBackend;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A route with its references resolved. Immutable.
 *
 * @param attachments the services that it is for; only those that accept it
 * @param http rules of an HTTPRoute or GRPCRoute, one for each match
 */
record CompiledRoute(
        Age age,
        List<Attachment> attachments,
        List<Http> http,
        List<TcpRule> tcp,
        List<Tls> tls,
        List<Session> sessions) {
    /**
     * A service that a route is for.
     *
     * @param port 0: all ports
     */
    record Attachment(ResourceKey service, int port) {}

    /**
     * What decides between routes that match alike: the older one, then the first by name.
     *
     * @param created null counts as the youngest
     */
    record Age(@Nullable Instant created, ResourceKey key) implements Comparable<Age> {
        private static final Comparator<Age> ORDER = Comparator.comparing(
                        Age::created, Comparator.nullsLast(Comparator.<Instant>naturalOrder()))
                .thenComparing(age -> age.key().path())
                .thenComparing(Age::key);

        @Override
        public int compareTo(Age other) {
            return ORDER.compare(this, other);
        }
    }

    /**
     * One match and its rule.
     *
     * @param index place in the route
     */
    record Http(Match match, HttpRule rule, Age age, int index) {
        /** The order in which matches are tried (Gateway API, HTTPRouteRule and GRPCRouteRule, matches). */
        static final Comparator<Http> PRECEDENCE = Comparator.<Http, HttpRouteResource.PathRank>comparing(
                        http -> http.match().path())
                .thenComparingInt(http -> -http.match().length())
                .thenComparingInt(http -> -http.match().more())
                .thenComparingInt(http -> http.match().match().method() == null ? 1 : 0)
                .thenComparingInt(http -> -http.match().match().headers().size())
                .thenComparingInt(http -> -http.match().match().query().size())
                .thenComparing(Http::age)
                .thenComparingInt(Http::index);
    }

    /**
     * A server name of a TLSRoute and its backends.
     *
     * @param serverName "" for any
     */
    record Tls(String serverName, String name, List<WeightedBackend> backends, Age age, int index) {
        /** Exact names, then wildcards, the longest first, then what takes any name. */
        static final Comparator<Tls> PRECEDENCE = Comparator.<Tls>comparingInt(
                        tls -> tls.serverName().isEmpty() ? 2 : tls.serverName().startsWith("*") ? 1 : 0)
                .thenComparingInt(tls -> -tls.serverName().length())
                .thenComparing(Tls::age)
                .thenComparingInt(Tls::index);
    }

    /** A service port to which one rule holds sessions: that takes a cluster of its own. */
    record Session(ResourceKey service, int port, String subset, SessionAffinity affinity) {}
}

package io.culvert.config;

import io.culvert.core.route.Cors;
import io.culvert.core.route.Fault;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.RetryPolicy;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A VirtualService. Immutable.
 *
 * @param hosts as written, in lower case; none for one that others delegate to
 * @param mesh whether it is for the mesh, and not for gateways alone
 * @param exportTo namespaces that see it; none for all
 */
record VirtualServiceResource(
        Meta meta,
        List<String> hosts,
        boolean mesh,
        List<String> exportTo,
        List<Http> http,
        List<Stream> tls,
        List<Stream> tcp,
        Fields.Place place)
        implements RouteResource {
    /**
     * One HTTP rule; null where nothing was said.
     *
     * @param matches none: every request
     * @param route where requests go, unless one of the next three is there
     */
    record Http(
            String name,
            List<Match> matches,
            List<Target> route,
            HttpAction.@Nullable Redirect redirect,
            HttpAction.@Nullable DirectResponse direct,
            @Nullable Delegate delegate,
            @Nullable Rewriting rewrite,
            @Nullable Duration timeout,
            @Nullable Retrying retry,
            @Nullable Fault fault,
            List<MirrorTo> mirrors,
            @Nullable Cors cors,
            @Nullable Headers headers,
            Fields.Place place) {}

    /**
     * One match of a rule.
     *
     * @param port of the service; 0 for any
     * @param clientNamespace null for any
     * @param never why it takes no request; null when it may
     */
    record Match(
            HttpMatch match,
            int port,
            @Nullable String clientNamespace,
            @Nullable String never,
            Fields.Place place) {}

    /**
     * Where a share of the requests goes.
     *
     * @param host as written, in lower case
     * @param subset "" for the whole service
     * @param port null: the only one, or that which the request came to
     */
    record Target(
            String host,
            String subset,
            @Nullable Integer port,
            int weight,
            @Nullable Headers headers,
            Fields.Place place) {}

    /** The VirtualService whose rules take the place of a rule. */
    record Delegate(ResourceKey target, Fields.Place place) {}

    /** How a request is changed; {@code uri} depends on what the path was matched by. */
    record Rewriting(@Nullable String authority, @Nullable String uri, PathChange.@Nullable Regex regex) {}

    /**
     * Retries.
     *
     * @param perTry null: none of its own
     * @param avoids whether it says itself if endpoints that were tried are avoided
     */
    record Retrying(RetryPolicy policy, @Nullable Duration perTry, boolean avoids) {}

    /** A copy of a share of requests, in millionths. */
    record MirrorTo(Target target, int millionths) {}

    /**
     * Changes to headers.
     *
     * @param authority what the request's authority becomes; null: it stays
     */
    record Headers(
            HeaderChanges request,
            HeaderChanges response,
            @Nullable String authority) {
        static final Headers NONE = new Headers(HeaderChanges.NONE, HeaderChanges.NONE, null);
    }

    /** One rule for TCP or TLS connections. */
    record Stream(String name, List<StreamMatch> matches, List<Target> route, Fields.Place place) {}

    /**
     * One match of a rule for connections.
     *
     * @param serverNames of TLS only
     * @param destinations none: any address
     * @param port of the service; 0 for any
     * @param never why it takes no connection; null when it may
     */
    record StreamMatch(
            List<String> serverNames,
            List<Cidr> destinations,
            int port,
            @Nullable String never,
            Fields.Place place) {}
}

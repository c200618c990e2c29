package io.culvert.config;

import io.culvert.core.route.Cors;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.SessionAffinity;
import io.culvert.core.route.Timeouts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An HTTPRoute, or a GRPCRoute as the HTTPRoute that it is. Immutable. */
record HttpRouteResource(Meta meta, List<ParentRef> parents, List<Rule> rules) implements RouteResource {
    /**
     * One rule.
     *
     * @param name as written, else its place from 0
     * @param redirect null: to {@code backends}
     * @param session null: none
     * @param broken why every request of the rule is answered with 500; null when it is not
     */
    record Rule(
            String name,
            List<Match> matches,
            List<BackendRef> backends,
            HttpAction.@Nullable Redirect redirect,
            HeaderChanges requestHeaders,
            HeaderChanges responseHeaders,
            @Nullable Rewrite rewrite,
            List<MirrorRef> mirrors,
            @Nullable Cors cors,
            Timeouts timeouts,
            RetryPolicy retry,
            @Nullable SessionAffinity session,
            @Nullable String broken,
            Fields.Place place) {}

    /**
     * One match, with what precedence looks at.
     *
     * @param path how its path is matched
     * @param length characters of the path, or of the gRPC service
     * @param more characters of the gRPC method
     */
    record Match(HttpMatch match, PathRank path, int length, int more) {}

    /** Ways to match a path, the strongest first. */
    enum PathRank {
        EXACT,
        PREFIX,
        REGEX,
        /** Any path: nothing was said of it, or the prefix was a slash. */
        ANY
    }

    /**
     * A copy of a share of requests.
     *
     * @param millionths share in millionths
     */
    record MirrorRef(BackendRef backend, int millionths) {}
}

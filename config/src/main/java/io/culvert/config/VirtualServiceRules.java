package io.culvert.config;

import io.culvert.config.Delegation.Bound;
import io.culvert.config.VirtualServiceResource.Headers;
import io.culvert.config.VirtualServiceResource.Http;
import io.culvert.config.VirtualServiceResource.MirrorTo;
import io.culvert.config.VirtualServiceResource.Rewriting;
import io.culvert.config.VirtualServiceResource.Target;
import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.Mirror;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.Timeouts;
import io.culvert.core.route.WeightedBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Turns rules of VirtualServices into what waypoints execute. Owned by: one compilation. */
final class VirtualServiceRules {
    /** What a destination that does not exist costs its share of the requests, as Istio has it. */
    private static final int STATUS = 503;

    private final DestinationRules destinations;
    private final Scope scope;

    VirtualServiceRules(DestinationRules destinations, Scope scope) {
        this.destinations = destinations;
        this.scope = scope;
    }

    /**
     * A rule.
     *
     * @param path what the rule's match says of the path
     * @param port service port that requests came to; 0 when it is not known
     */
    HttpRule rule(Bound bound, @Nullable PathMatch path, int port) {
        Http http = bound.http();
        Headers headers = http.headers() == null ? Headers.NONE : http.headers();
        List<Mirror> mirrors = new ArrayList<>();
        for (MirrorTo mirror : http.mirrors()) {
            // A copy that leads nowhere does not concern the request.
            if (resolve(bound.owner(), mirror.target(), port) instanceof Backend.ToCluster cluster) {
                mirrors.add(new Mirror(cluster, mirror.millionths()));
            }
        }
        return new HttpRule(
                name(bound.owner(), http.name()),
                action(bound, port),
                headers.request(),
                headers.response(),
                rewrite(http, headers, path),
                mirrors,
                http.fault(),
                http.cors(),
                timeouts(http),
                retry(bound, port));
    }

    static String name(Meta owner, String rule) {
        return owner.key().kind().label() + "/" + owner.namespace() + "/" + owner.name() + "/" + rule;
    }

    private HttpAction action(Bound bound, int port) {
        Http http = bound.http();
        if (bound.broken() != null) {
            return new HttpAction.Forward(List.of(WeightedBackend.all(new Backend.Invalid(STATUS, bound.broken()))));
        }
        if (http.redirect() != null) {
            return http.redirect();
        }
        return http.direct() != null
                ? http.direct()
                : new HttpAction.Forward(backends(bound.owner(), http.route(), port));
    }

    /** Where requests or connections go. */
    List<WeightedBackend> backends(Meta owner, List<Target> route, int port) {
        List<WeightedBackend> backends = new ArrayList<>();
        for (Target target : route) {
            Headers headers = target.headers();
            if (headers != null && headers.authority() != null && route.size() > 1) {
                report(
                        owner,
                        Severity.WARNING,
                        target,
                        "",
                        "the authority cannot be changed for one of several destinations: it stays; use a rule of its"
                                + " own, or rewrite.authority");
            }
            backends.add(new WeightedBackend(
                    resolve(owner, target, port),
                    target.weight(),
                    headers == null ? HeaderChanges.NONE : headers.request(),
                    headers == null ? HeaderChanges.NONE : headers.response()));
        }
        return backends;
    }

    /** What a destination leads to; what is wrong with it is reported. */
    Backend resolve(Meta owner, Target target, int port) {
        CompilerSettings settings = scope.settings();
        String whole = Hosts.whole(target.host(), owner.namespace(), settings);
        ResourceKey key = Hosts.service(whole, settings);
        if (key == null) {
            return invalid(owner, target, ".host", whole + " is no service of this mesh" + Hosts.hint(whole, settings));
        }
        ServiceResource service = scope.service(key.namespace(), key.name());
        if (service == null) {
            return invalid(owner, target, ".host", "there is no " + key);
        }
        Integer number = target.port();
        if (number == null) {
            number = service.ports().size() == 1 ? service.ports().getFirst().port() : port;
        }
        if (service.port(number) == null && (number != 0 || service.ports().isEmpty())) {
            return invalid(
                    owner,
                    target,
                    target.port() == null ? "" : ".port",
                    key + " has no port " + number + service.portList()
                            + (target.port() == null ? "; name one under port.number" : ""));
        }
        if (!target.subset().isEmpty()) {
            var known = destinations.of(service, scope).subsets();
            if (!known.containsKey(target.subset())) {
                return invalid(
                        owner,
                        target,
                        ".subset",
                        known.isEmpty()
                                ? "no DestinationRule defines subsets of " + key + ", so there is no " + target.subset()
                                : "no DestinationRule defines subset " + target.subset() + " of " + key + " (there is "
                                        + String.join(", ", new TreeSet<>(known.keySet())) + ")"
                                        + Suggestion.of(target.subset(), known.keySet()));
            }
        }
        return new Backend.ToCluster(Cluster.key(scope.serviceKey(key), number, target.subset()));
    }

    private Backend invalid(Meta owner, Target target, String field, String reason) {
        report(owner, Severity.ERROR, target, field, reason + ": its share gets 503");
        return new Backend.Invalid(STATUS, reason);
    }

    private void report(Meta owner, Severity severity, Target target, String field, String message) {
        scope.report(
                owner.diagnostic(severity, target.place().line(), target.place().path() + field, message));
    }

    private static @Nullable Rewrite rewrite(Http http, Headers headers, @Nullable PathMatch path) {
        Rewriting rewriting = http.rewrite();
        String authority = rewriting == null ? null : rewriting.authority();
        if (authority == null) {
            authority = headers.authority();
        }
        if (authority == null && http.route().size() == 1) {
            Headers own = http.route().getFirst().headers();
            authority = own == null ? null : own.authority();
        }
        PathChange change = rewriting == null ? null : change(rewriting, path);
        return authority == null && change == null ? null : new Rewrite(authority, change);
    }

    // A prefix is replaced by what takes its place, anything else as a whole.
    private static @Nullable PathChange change(Rewriting rewriting, @Nullable PathMatch path) {
        String uri = rewriting.uri();
        if (uri == null) {
            return rewriting.regex();
        }
        return switch (path) {
            case null -> new PathChange.Prefix("/", uri, false);
            case PathMatch.TextPrefix prefix -> new PathChange.Prefix(prefix.prefix(), uri, false);
            default -> new PathChange.Full(uri.startsWith("/") ? uri : "/" + uri);
        };
    }

    private static Timeouts timeouts(Http http) {
        Duration perTry = http.retry() == null ? null : http.retry().perTry();
        return new Timeouts(
                Objects.requireNonNullElse(http.timeout(), Duration.ZERO),
                Objects.requireNonNullElse(perTry, Duration.ZERO),
                Duration.ZERO);
    }

    private RetryPolicy retry(Bound bound, int port) {
        var retrying = bound.http().retry();
        RetryPolicy policy = retrying == null ? RetryPolicy.DEFAULT : retrying.policy();
        boolean free = retrying == null || !retrying.avoids();
        if (policy.retries() > 0 && free && hashes(bound, port)) {
            // Who is sent somewhere by a hash is sent there again, unless told otherwise.
            return new RetryPolicy(
                    policy.retries(), policy.on(), policy.codes(), policy.backoffBase(), policy.backoffMax(), false);
        }
        return policy;
    }

    private boolean hashes(Bound bound, int port) {
        for (Target target : bound.http().route()) {
            ResourceKey key = Hosts.service(
                    Hosts.whole(target.host(), bound.owner().namespace(), scope.settings()), scope.settings());
            ServiceResource service = key == null ? null : scope.service(key.namespace(), key.name());
            if (service != null) {
                int number = target.port() != null
                        ? target.port()
                        : service.ports().size() == 1
                                ? service.ports().getFirst().port()
                                : port;
                if (destinations.of(service, scope).at(number, target.subset()).hashes()) {
                    return true;
                }
            }
        }
        return false;
    }
}

package io.culvert.config;

import io.culvert.config.ServiceProfileResource.Route;
import io.culvert.config.ServiceProfileResource.Share;
import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.core.route.Timeouts;
import io.culvert.core.route.WeightedBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * ServiceProfiles, and what annotations of Services say. A profile in the service's namespace is for all clients, one in
 * another namespace for the clients there. Owned by: the compiler's thread.
 */
final class ServiceProfiles implements RouteSource {
    /** How a Service says its load balancing where no DestinationRule does. */
    static final String BALANCER = "culvert.io/load-balancer";

    /** That the profiles of one service are as they are. */
    private record Profiling(String host) {}

    // Linkerd bounds retries by the budget alone; so that one request cannot try for ever, this is more than ever
    // passes.
    private static final int RETRIES = 10;

    private final CompilerSettings settings;
    private final MultiMap<String, ServiceProfileResource> byHost = new MultiMap<>();

    ServiceProfiles(CompilerSettings settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return "ServiceProfile";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.SERVICE_PROFILE);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {
        if (before instanceof ServiceProfileResource profile) {
            byHost.remove(key.name(), profile);
        }
        if (after instanceof ServiceProfileResource profile) {
            byHost.add(key.name(), profile);
        }
        touch.accept(new Profiling(key.name()));
    }

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        if (!(resource instanceof ServiceProfileResource profile)) {
            return;
        }
        Meta meta = profile.meta();
        ResourceKey named = Hosts.service(key.name(), settings);
        ServiceResource service = named == null ? null : scope.service(named.namespace(), named.name());
        if (service != null) {
            UsedWaypoint.require(service, meta, "metadata.name", scope);
        } else {
            scope.report(meta.diagnostic(
                    Severity.WARNING,
                    "metadata.name",
                    named == null
                            ? "is no name of a service, so the profile is for nobody: use <name>.<namespace>.svc."
                                    + settings.clusterDomain()
                            : "there is no " + named + ": the profile is for nobody"));
        }
        profile.overrides().forEach(override -> backend(profile, override, 0, scope));
    }

    private List<ServiceProfileResource> of(ServiceResource service, Scope scope) {
        String host = Hosts.of(service.key(), settings);
        scope.reads(new Profiling(host));
        return List.copyOf(byHost.get(host));
    }

    @Override
    public ClusterPolicy policy(
            ServiceResource service, ServiceResource.Port port, ClusterPolicy inherited, Scope scope) {
        ClusterPolicy policy =
                LinkerdAnnotations.of(service.meta(), scope::report).over(balanced(service, inherited, scope));
        RetryBudget budget = null;
        for (ServiceProfileResource profile : of(service, scope)) {
            boolean own = profile.meta().namespace().equals(service.meta().namespace());
            budget = own ? profile.budget() : budget;
        }
        return budget == null
                ? policy
                : new ClusterPolicy(
                        policy.loadBalancer(), policy.limits(), policy.outliers(), policy.affinity(), budget);
    }

    private static ClusterPolicy balanced(ServiceResource service, ClusterPolicy inherited, Scope scope) {
        String text = service.meta().annotations().get(BALANCER);
        if (text == null) {
            return inherited;
        }
        List<String> words = List.of("ROUND_ROBIN", "RANDOM", "LEAST_REQUEST", "PEAK_EWMA");
        if (!words.contains(text)) {
            scope.report(service.meta()
                    .diagnostic(
                            Severity.ERROR,
                            "metadata.annotations[" + BALANCER + "]",
                            "\"" + text + "\" is not one of " + String.join(", ", words) + Suggestion.of(text, words)
                                    + "; LEAST_REQUEST is used"));
            return inherited;
        }
        LoadBalancer balancer = inherited.loadBalancer();
        return new ClusterPolicy(
                new LoadBalancer(LoadBalancer.Algorithm.valueOf(text), null, 0, balancer.locality(), balancer.warmup()),
                inherited.limits(),
                inherited.outliers(),
                inherited.affinity(),
                inherited.retryBudget());
    }

    @Override
    public @Nullable Map<Integer, PortRoutes> routes(ServiceResource service, Scope scope) {
        ServiceProfileResource own = null;
        List<ServiceProfileResource> others = new ArrayList<>();
        for (ServiceProfileResource profile : of(service, scope)) {
            if (profile.routes().isEmpty() && profile.overrides().isEmpty()) {
                continue;
            }
            if (profile.meta().namespace().equals(service.meta().namespace())) {
                own = profile;
            } else {
                others.add(profile);
            }
        }
        LinkerdAnnotations annotations = LinkerdAnnotations.of(service.meta(), scope::report);
        if (own == null && others.isEmpty() && annotations.isEmpty()) {
            return null;
        }
        Map<Integer, PortRoutes> ports = new HashMap<>();
        for (ServiceResource.Port port : service.ports()) {
            Map<String, HttpRoutes> consumers = new HashMap<>();
            for (ServiceProfileResource profile : others) {
                consumers.put(profile.meta().namespace(), http(profile, service, port.port(), annotations, scope));
            }
            HttpRoutes http = own == null && annotations.isEmpty()
                    ? HttpRoutes.NONE
                    : http(own, service, port.port(), annotations, scope);
            ports.put(port.port(), new PortRoutes(http, consumers, List.of(), List.of()));
        }
        return ports;
    }

    // The routes of a profile, and behind them that for all other requests.
    private HttpRoutes http(
            @Nullable ServiceProfileResource profile,
            ServiceResource service,
            int port,
            LinkerdAnnotations annotations,
            Scope scope) {
        List<WeightedBackend> backends = new ArrayList<>();
        if (profile == null || profile.overrides().isEmpty()) {
            backends.add(
                    WeightedBackend.all(new Backend.ToCluster(Cluster.key(scope.serviceKey(service.key()), port, ""))));
        } else {
            for (Share override : profile.overrides()) {
                backends.add(new WeightedBackend(
                        backend(profile, override, port, scope),
                        override.weight(),
                        HeaderChanges.NONE,
                        HeaderChanges.NONE));
            }
        }
        List<HttpRoutes.Entry> entries = new ArrayList<>();
        if (profile != null) {
            for (Route route : profile.routes()) {
                Duration timeout = route.timeout() == null ? Duration.ZERO : route.timeout();
                HttpRule rule = rule(
                        VirtualServiceRules.name(profile.meta(), route.name()),
                        backends,
                        new Timeouts(timeout, Duration.ZERO, Duration.ZERO),
                        retry(route));
                route.matches().forEach(match -> entries.add(new HttpRoutes.Entry(match, rule)));
            }
        }
        String name = VirtualServiceRules.name(profile == null ? service.meta() : profile.meta(), "default");
        entries.add(new HttpRoutes.Entry(
                HttpMatch.ANY,
                rule(name, backends, annotations.timeouts(Timeouts.NONE), annotations.retry(RetryPolicy.DEFAULT))));
        return new HttpRoutes(entries, true);
    }

    private static RetryPolicy retry(Route route) {
        return route.retryable()
                ? new RetryPolicy(
                        RETRIES,
                        Set.of(
                                Condition.CONNECT_FAILURE,
                                Condition.REFUSED_STREAM,
                                Condition.RESET_BEFORE_REQUEST,
                                Condition.UNAVAILABLE),
                        route.failures(),
                        RetryPolicy.DEFAULT.backoffBase(),
                        RetryPolicy.DEFAULT.backoffMax(),
                        true)
                : RetryPolicy.DEFAULT;
    }

    private static HttpRule rule(String name, List<WeightedBackend> backends, Timeouts timeouts, RetryPolicy retry) {
        return new HttpRule(
                name,
                new HttpAction.Forward(backends),
                HeaderChanges.NONE,
                HeaderChanges.NONE,
                null,
                List.of(),
                null,
                null,
                timeouts,
                retry);
    }

    private Backend backend(ServiceProfileResource profile, Share override, int listener, Scope scope) {
        String whole = Hosts.whole(override.host(), profile.meta().namespace(), settings);
        ResourceKey key = Hosts.service(whole, settings);
        ServiceResource service = key == null ? null : scope.service(key.namespace(), key.name());
        String fault = null;
        int port = 0;
        if (key == null) {
            fault = whole + " is no service of this mesh" + Hosts.hint(whole, settings);
        } else if (service == null) {
            fault = "there is no " + key;
        } else {
            Integer given = override.port();
            port = given != null
                    ? given
                    : service.ports().size() == 1 ? service.ports().getFirst().port() : listener;
            fault = port != 0 && service.port(port) == null ? key + " has no port " + port + service.portList() : null;
        }
        if (fault != null || key == null) {
            scope.report(profile.meta()
                    .diagnostic(
                            Severity.ERROR,
                            override.place().line(),
                            override.place().path() + ".authority",
                            fault + ": its share gets 503"));
            return new Backend.Invalid(503, String.valueOf(fault));
        }
        return new Backend.ToCluster(Cluster.key(scope.serviceKey(key), port, ""));
    }

    @Override
    public void overruled(ServiceResource service, RouteSource by, Scope scope) {
        for (ServiceProfileResource profile : of(service, scope)) {
            if (!profile.routes().isEmpty() || !profile.overrides().isEmpty()) {
                scope.report(profile.meta()
                        .diagnostic(
                                Severity.WARNING,
                                "spec.routes",
                                "are not used: " + service.key() + " has routes of " + by.name()
                                        + ", which count alone; remove one of the two"));
            }
        }
    }
}

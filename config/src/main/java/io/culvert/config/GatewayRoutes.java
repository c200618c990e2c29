package io.culvert.config;

import io.culvert.config.CompiledRoute.Age;
import io.culvert.config.CompiledRoute.Attachment;
import io.culvert.config.CompiledRoute.Http;
import io.culvert.config.CompiledRoute.Session;
import io.culvert.config.CompiledRoute.Tls;
import io.culvert.config.HttpRouteResource.Match;
import io.culvert.config.HttpRouteResource.MirrorRef;
import io.culvert.config.HttpRouteResource.Rule;
import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.Mirror;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.TcpRule;
import io.culvert.core.route.WeightedBackend;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Routes of Gateway API that are attached to services. Owned by: the compiler's thread. */
final class GatewayRoutes implements RouteSource {
    /** That the routes of a service are as they are. */
    private record Attached(ResourceKey service) {}

    /** That the sessions which routes hold at a service are as they are. */
    private record Sessions(ResourceKey service) {}

    private final Grants grants = new Grants();
    private final Map<ResourceKey, CompiledRoute> routes = new HashMap<>();
    private final MultiMap<ResourceKey, ResourceKey> byService = new MultiMap<>();
    private final MultiMap<ResourceKey, ResourceKey> holdingSessions = new MultiMap<>();

    @Override
    public String name() {
        return "Gateway API";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.HTTP_ROUTE, Kind.GRPC_ROUTE, Kind.TLS_ROUTE, Kind.TCP_ROUTE, Kind.REFERENCE_GRANT);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {
        if (key.kind() == Kind.REFERENCE_GRANT) {
            grants.change((ReferenceGrantResource) before, (ReferenceGrantResource) after, touch);
        }
    }

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        switch (resource) {
            case HttpRouteResource route -> put(key, http(route, scope), scope);
            case StreamRouteResource route -> put(key, stream(route, scope), scope);
            case null, default -> put(key, null, scope);
        }
    }

    private void put(ResourceKey key, @Nullable CompiledRoute after, Scope scope) {
        CompiledRoute before = routes.get(key);
        if (Objects.equals(before, after)) {
            return;
        }
        index(key, before, false, scope);
        if (after == null) {
            routes.remove(key);
        } else {
            routes.put(key, after);
        }
        index(key, after, true, scope);
    }

    private void index(ResourceKey key, @Nullable CompiledRoute route, boolean in, Scope scope) {
        if (route == null) {
            return;
        }
        for (Attachment attachment : route.attachments()) {
            toggle(byService, attachment.service(), key, in);
            scope.touch(new Attached(attachment.service()));
        }
        for (Session session : route.sessions()) {
            toggle(holdingSessions, session.service(), key, in);
            scope.touch(new Sessions(session.service()));
        }
    }

    private static void toggle(
            MultiMap<ResourceKey, ResourceKey> map, ResourceKey service, ResourceKey route, boolean in) {
        if (in) {
            map.add(service, route);
        } else {
            map.remove(service, route);
        }
    }

    private CompiledRoute http(HttpRouteResource route, Scope scope) {
        Meta meta = route.meta();
        RouteParents parents = new RouteParents(meta, scope);
        parents.resolve(route.parents());
        BackendResolver backends = new BackendResolver(meta, route.parents(), grants, scope, true);
        Age age = new Age(meta.created(), meta.key());
        List<Http> candidates = new ArrayList<>();
        List<Session> sessions = new ArrayList<>();
        LinkerdAnnotations annotations = LinkerdAnnotations.of(meta, scope::report);
        for (Rule rule : route.rules()) {
            HttpRule compiled = annotations.over(rule(meta, rule, backends, sessions));
            for (Match match : rule.matches()) {
                candidates.add(new Http(match, compiled, age, candidates.size()));
            }
        }
        scope.status(parents.status(backends.condition()));
        return new CompiledRoute(
                age, parents.attachments(), List.copyOf(candidates), List.of(), List.of(), List.copyOf(sessions));
    }

    private static String name(Meta meta, String rule) {
        return meta.key().kind().label() + "/" + meta.namespace() + "/" + meta.name() + "/" + rule;
    }

    private static HttpRule rule(Meta meta, Rule rule, BackendResolver resolver, List<Session> sessions) {
        String name = name(meta, rule.name());
        String subset = rule.session() == null ? "" : "session:" + name;
        List<WeightedBackend> backends = resolver.all(rule.backends(), subset);
        for (int i = 0; i < backends.size(); i++) {
            BackendRef ref = rule.backends().get(i);
            ResourceKey service = BackendResolver.serviceOf(ref, backends.get(i).backend());
            if (rule.session() != null && service != null && ref.port() != null) {
                sessions.add(new Session(service, ref.port(), subset, rule.session()));
            }
        }
        List<Mirror> mirrors = new ArrayList<>();
        for (MirrorRef mirror : rule.mirrors()) {
            // A copy that leads nowhere does not concern the request.
            if (resolver.one(mirror.backend(), "") instanceof Backend.ToCluster cluster) {
                mirrors.add(new Mirror(cluster, mirror.millionths()));
            }
        }
        HttpAction action = rule.redirect() != null ? rule.redirect() : new HttpAction.Forward(backends);
        if (rule.broken() != null) {
            resolver.unresolved("InvalidKind", rule.broken());
            action = new HttpAction.Forward(List.of(WeightedBackend.all(new Backend.Invalid(500, rule.broken()))));
        }
        return new HttpRule(
                name,
                action,
                rule.requestHeaders(),
                rule.responseHeaders(),
                rule.rewrite(),
                mirrors,
                null,
                rule.cors(),
                rule.timeouts(),
                rule.retry());
    }

    private CompiledRoute stream(StreamRouteResource route, Scope scope) {
        Meta meta = route.meta();
        RouteParents parents = new RouteParents(meta, scope);
        parents.resolve(route.parents());
        BackendResolver resolver = new BackendResolver(meta, route.parents(), grants, scope, false);
        Age age = new Age(meta.created(), meta.key());
        List<TcpRule> tcp = new ArrayList<>();
        List<Tls> tls = new ArrayList<>();
        for (StreamRouteResource.Rule rule : route.rules()) {
            List<WeightedBackend> backends = resolver.all(rule.backends(), "");
            String name = name(meta, rule.name());
            if (meta.key().kind() == Kind.TCP_ROUTE) {
                tcp.add(new TcpRule(name, backends));
            } else {
                List<String> names = route.hostnames().isEmpty() ? List.of("") : route.hostnames();
                names.forEach(each -> tls.add(new Tls(each, name, List.copyOf(backends), age, tls.size())));
            }
        }
        scope.status(parents.status(resolver.condition()));
        return new CompiledRoute(age, parents.attachments(), List.of(), List.copyOf(tcp), List.copyOf(tls), List.of());
    }

    @Override
    public List<Cluster> subsets(ServiceResource service, ServiceResource.Port port, Cluster whole, Scope scope) {
        scope.reads(new Sessions(service.key()));
        List<Cluster> clusters = new ArrayList<>();
        for (ResourceKey key : holdingSessions.get(service.key())) {
            CompiledRoute route = routes.get(key);
            for (Session session : route == null ? List.<Session>of() : route.sessions()) {
                if (session.service().equals(service.key()) && session.port() == port.port()) {
                    ClusterPolicy policy = whole.policy();
                    clusters.add(new Cluster(
                            Cluster.key(whole.serviceKey(), port.port(), session.subset()),
                            whole.serviceKey(),
                            port.port(),
                            session.subset(),
                            Map.of(),
                            whole.protocol(),
                            new ClusterPolicy(
                                    policy.loadBalancer(),
                                    policy.limits(),
                                    policy.outliers(),
                                    session.affinity(),
                                    policy.retryBudget())));
                }
            }
        }
        return clusters;
    }

    @Override
    public @Nullable Map<Integer, PortRoutes> routes(ServiceResource service, Scope scope) {
        scope.reads(new Attached(service.key()));
        List<CompiledRoute> attached = new ArrayList<>();
        Set<Integer> ports = new LinkedHashSet<>();
        for (ResourceKey key : byService.get(service.key())) {
            CompiledRoute route = routes.get(key);
            if (route != null) {
                attached.add(route);
                for (Attachment attachment : route.attachments()) {
                    if (attachment.service().equals(service.key())) {
                        ports.add(attachment.port());
                    }
                }
            }
        }
        if (attached.isEmpty()) {
            return null;
        }
        Map<Integer, PortRoutes> compiled = new HashMap<>();
        for (int port : ports) {
            compiled.put(port, ServicePortRoutes.of(service.key(), port, attached, scope));
        }
        return compiled;
    }
}

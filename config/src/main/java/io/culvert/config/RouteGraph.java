package io.culvert.config;

import io.culvert.config.Dependencies.Node;
import io.culvert.config.Dependencies.Phase;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Good resources in, the route table out: compiles what changed resources touch, phase by phase. What comes out is a
 * function of the resources alone. Owned by: the compiler's thread.
 */
final class RouteGraph {
    private final CompilerSettings settings;
    private final Counters counters;
    private final List<RouteSource> sources;
    private final Map<ResourceKey, Resource> resources = new HashMap<>();
    private final Dependencies dependencies = new Dependencies();
    private final Map<Phase, Set<Node>> dirty = new EnumMap<>(Phase.class);
    private final DiagnosticBook book = new DiagnosticBook();
    private final Map<String, RouteStatus> statuses = new TreeMap<>();
    private final RouteOutputs outputs = new RouteOutputs();
    private final PodLabels labels;
    private Map<String, RouteStatus> lastStatuses = Map.of();
    private boolean statusesChanged;

    RouteGraph(CompilerSettings settings, Counters counters) {
        this.settings = settings;
        this.counters = counters;
        this.sources = RouteSources.of(settings);
        this.labels = new PodLabels(settings);
        for (Phase phase : Phase.values()) {
            dirty.put(phase, new LinkedHashSet<>());
        }
    }

    CompilerSettings settings() {
        return settings;
    }

    Dependencies dependencies() {
        return dependencies;
    }

    /** Takes one changed resource. */
    void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after) {
        if (key.kind() == Kind.POD) {
            labels.change((PodResource) before, (PodResource) after);
            return;
        }
        if (after == null) {
            resources.remove(key);
        } else {
            resources.put(key, after);
        }
        if (key.kind() == Kind.SERVICE) {
            mark(new Node(Phase.CLUSTERS, key));
            mark(new Node(Phase.ROUTES, key));
        }
        if (key.kind() == Kind.GATEWAY) {
            mark(new Node(Phase.ROUTES, key));
        }
        for (RouteSource source : sources) {
            if (source.kinds().contains(key.kind())) {
                source.change(key, before, after, this::touch);
                mark(new Node(Phase.RESOURCE, key));
            }
        }
        touch(key);
    }

    void touch(Object fact) {
        dependencies.readers(fact).forEach(this::mark);
    }

    private void mark(Node node) {
        set(node.phase()).add(node);
    }

    private Set<Node> set(Phase phase) {
        Set<Node> set = dirty.get(phase);
        if (set == null) {
            throw new IllegalStateException("no set for " + phase);
        }
        return set;
    }

    /** Brings the table up to date. */
    RouteTable compile() {
        for (Phase phase : Phase.values()) {
            List<Node> nodes = new ArrayList<>(set(phase));
            set(phase).clear();
            nodes.forEach(this::compile);
        }
        return outputs.table(labels);
    }

    private void compile(Node node) {
        dependencies.forget(node);
        Scope scope = new Scope(this, node);
        switch (node.phase()) {
            case RESOURCE -> compileResource(node.key(), scope);
            case CLUSTERS -> compileClusters(node.key(), scope);
            case ROUTES -> compileRoutes(node.key(), scope);
        }
        book.put(node, scope.diagnostics());
    }

    private void compileResource(ResourceKey key, Scope scope) {
        for (RouteSource source : sources) {
            if (source.kinds().contains(key.kind())) {
                source.compile(key, resources.get(key), scope);
            }
        }
        RouteStatus status = scope.status();
        RouteStatus before = status == null ? statuses.remove(key.toString()) : statuses.put(key.toString(), status);
        statusesChanged |= before == null ? status != null : !before.equals(status);
        counters.routesCompiled++;
    }

    private void compileClusters(ResourceKey key, Scope scope) {
        ServiceResource service = scope.service(key.namespace(), key.name());
        Map<String, Cluster> clusters = new LinkedHashMap<>();
        if (service != null) {
            String serviceKey = scope.serviceKey(service.key());
            for (ServiceResource.Port port : service.ports()) {
                ClusterPolicy policy = ClusterPolicy.DEFAULT;
                for (RouteSource source : sources.reversed()) {
                    policy = source.policy(service, port, policy, scope);
                }
                Cluster whole = new Cluster(
                        Cluster.key(serviceKey, port.port(), ""),
                        serviceKey,
                        port.port(),
                        "",
                        Map.of(),
                        AppProtocols.routed(port.protocol()),
                        policy);
                clusters.put(whole.key(), whole);
                for (RouteSource source : sources) {
                    for (Cluster subset : source.subsets(service, port, whole, scope)) {
                        clusters.putIfAbsent(subset.key(), subset);
                    }
                }
            }
        }
        outputs.clusters(key, clusters);
        labels.wanted(key, clusters.values().stream().anyMatch(PodLabels::needs));
        counters.clustersCompiled++;
    }

    private void compileRoutes(ResourceKey key, Scope scope) {
        if (key.kind() == Kind.GATEWAY) {
            compileWaypoint(key, scope);
            return;
        }
        ServiceResource service = scope.service(key.namespace(), key.name());
        String serviceKey = scope.serviceKey(key);
        ServiceRoutes compiled = null;
        if (service != null) {
            Map<Integer, PortRoutes> ports = null;
            RouteSource first = null;
            for (RouteSource source : sources) {
                Map<Integer, PortRoutes> own = first == null ? source.routes(service, scope) : null;
                if (first != null) {
                    source.overruled(service, first, scope);
                } else if (own != null) {
                    first = source;
                    ports = own;
                }
            }
            List<RequestPolicy> policies = new ArrayList<>();
            for (RouteSource source : sources) {
                policies.addAll(source.policies(service, scope));
            }
            if (ports != null || !policies.isEmpty()) {
                compiled = new ServiceRoutes(serviceKey, ports == null ? Map.of() : ports, policies);
            }
        }
        outputs.routes(serviceKey, compiled);
        counters.routedServicesCompiled++;
    }

    /** Policies of requests to the pods of a waypoint, which have no routes. */
    private void compileWaypoint(ResourceKey key, Scope scope) {
        List<RequestPolicy> policies = new ArrayList<>();
        if (resources.get(key) instanceof GatewayResource gateway
                && gateway.isWaypoint(settings)
                && gateway.carriesWorkloads()) {
            sources.forEach(source -> policies.addAll(source.policies(gateway, scope)));
        }
        String routesKey = RouteTable.waypointKey(key.namespace(), key.name());
        outputs.routes(routesKey, policies.isEmpty() ? null : new ServiceRoutes(routesKey, Map.of(), policies));
    }

    /** Whether resources of this kind have a status. */
    boolean concerns(Kind kind) {
        return sources.stream().anyMatch(source -> source.kinds().contains(kind));
    }

    @Nullable
    Resource resource(ResourceKey key) {
        return resources.get(key);
    }

    /** What compiling found; the same object while nothing changed. */
    List<Diagnostic> diagnostics() {
        return book.all();
    }

    /** All that stand; the same object while nothing changed. */
    Map<String, RouteStatus> statuses() {
        if (statusesChanged) {
            lastStatuses = Map.copyOf(statuses);
            statusesChanged = false;
        }
        return lastStatuses;
    }
}

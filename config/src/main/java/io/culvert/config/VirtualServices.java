package io.culvert.config;

import io.culvert.config.Delegation.Bound;
import io.culvert.config.VirtualServiceResource.Http;
import io.culvert.config.VirtualServiceResource.Match;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.PortRoutes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * VirtualServices: those of the service's namespace and of its waypoint's, whose hosts cover the service; the rules of
 * all follow each other, those of the more specific host first, then those of the older. Owned by: the compiler's thread.
 */
final class VirtualServices implements RouteSource {
    /** That those who delegate to a VirtualService are as they are. */
    private record Delegating(ResourceKey target) {}

    private final CompilerSettings settings;
    private final DestinationRules destinations;
    private final HostIndex<VirtualServiceResource> index = new HostIndex<>(Kind.VIRTUAL_SERVICE);
    private final MultiMap<ResourceKey, ResourceKey> delegating = new MultiMap<>();

    VirtualServices(CompilerSettings settings, DestinationRules destinations) {
        this.settings = settings;
        this.destinations = destinations;
    }

    @Override
    public String name() {
        return "VirtualService";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.VIRTUAL_SERVICE);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {
        if (before instanceof VirtualServiceResource old) {
            hosts(old).forEach(host -> index.remove(host, old, touch));
            targets(old).forEach(target -> {
                delegating.remove(target, key);
                touch.accept(new Delegating(target));
            });
        }
        if (after instanceof VirtualServiceResource now) {
            hosts(now).forEach(host -> index.add(host, now, touch));
            targets(now).forEach(target -> {
                delegating.add(target, key);
                touch.accept(new Delegating(target));
            });
        }
    }

    private List<String> hosts(VirtualServiceResource virtual) {
        return virtual.mesh()
                ? virtual.hosts().stream()
                        .map(host -> Hosts.whole(host, virtual.meta().namespace(), settings))
                        .distinct()
                        .toList()
                : List.of();
    }

    private static List<ResourceKey> targets(VirtualServiceResource virtual) {
        List<ResourceKey> targets = new ArrayList<>();
        for (Http rule : virtual.http()) {
            if (rule.delegate() != null && !targets.contains(rule.delegate().target())) {
                targets.add(rule.delegate().target());
            }
        }
        return targets;
    }

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        if (!(resource instanceof VirtualServiceResource virtual)) {
            return;
        }
        Meta meta = virtual.meta();
        if (virtual.hosts().isEmpty()) {
            scope.reads(new Delegating(key));
            if (delegating.get(key).isEmpty()) {
                scope.report(meta.diagnostic(
                        Severity.WARNING,
                        virtual.place().line(),
                        "spec.hosts",
                        "is missing, so the rules are for nobody: name the services, or let another VirtualService"
                                + " delegate to this one"));
            }
            return;
        }
        if (!virtual.mesh()) {
            scope.report(meta.diagnostic(
                    Severity.INFO,
                    "spec.gateways",
                    "names gateways only: waypoints do not use it; add \"mesh\" if it is for the mesh, too"));
            return;
        }
        virtual.hosts().forEach(host -> host(virtual, host, scope));
        List<Bound> rules = Delegation.rules(virtual, scope, scope::report);
        VirtualServiceRules compiler = new VirtualServiceRules(destinations, scope);
        rules.forEach(rule -> compiler.rule(rule, null, 0));
        virtual.tls().forEach(rule -> compiler.backends(meta, rule.route(), 0));
        virtual.tcp().forEach(rule -> compiler.backends(meta, rule.route(), 0));
        unreachable(virtual, rules, scope);
    }

    private void host(VirtualServiceResource virtual, String host, Scope scope) {
        Meta meta = virtual.meta();
        String whole = Hosts.whole(host, meta.namespace(), settings);
        if (Hosts.isWildcard(whole)) {
            return;
        }
        ResourceKey key = Hosts.service(whole, settings);
        ServiceResource service = key == null ? null : scope.service(key.namespace(), key.name());
        if (key == null) {
            scope.report(meta.diagnostic(
                    Severity.WARNING,
                    "spec.hosts",
                    whole + " is no service of this mesh, and a waypoint routes by the service that requests were sent"
                            + " to" + Hosts.hint(whole, settings)));
        } else if (service == null) {
            scope.report(meta.diagnostic(
                    Severity.WARNING, "spec.hosts", "there is no " + key + ": the rules are for nobody"));
        } else if (!isFor(virtual, service, scope)) {
            String waypoint = UsedWaypoint.namespace(service, scope);
            boolean exported = Visibility.isSeen(virtual.exportTo(), waypoint);
            scope.report(meta.diagnostic(
                    Severity.WARNING,
                    exported ? "spec.hosts" : "spec.exportTo",
                    exported
                            ? "is not used for " + key
                                    + ": a waypoint takes VirtualServices of the service's namespace ("
                                    + key.namespace() + ") and of its own (" + waypoint + ")"
                            : "leaves out namespace " + waypoint + ", where the waypoint of " + key + " is: not used"));
        } else {
            UsedWaypoint.require(service, meta, "spec.hosts", scope);
        }
    }

    private static boolean isFor(VirtualServiceResource virtual, ServiceResource service, Scope scope) {
        String own = service.meta().namespace();
        String waypoint = UsedWaypoint.namespace(service, scope);
        String namespace = virtual.meta().namespace();
        return (namespace.equals(own) || namespace.equals(waypoint))
                && (Visibility.isSeen(virtual.exportTo(), waypoint) || Visibility.isSeen(virtual.exportTo(), own));
    }

    private static void unreachable(VirtualServiceResource virtual, List<Bound> rules, Scope scope) {
        Bound all = null;
        for (Bound bound : rules) {
            if (all != null && bound.owner().equals(virtual.meta())) {
                scope.report(bound.owner()
                        .diagnostic(
                                Severity.WARNING,
                                bound.http().place().line(),
                                bound.http().place().path(),
                                "is never reached: the rule of line "
                                        + all.http().place().line() + " takes every request; put that one last"));
            }
            all = all == null && takesAll(bound.http()) ? bound : all;
        }
    }

    private static boolean takesAll(Http rule) {
        return rule.matches().isEmpty()
                || rule.matches().stream()
                        .anyMatch(match -> match.never() == null
                                && match.port() == 0
                                && match.clientNamespace() == null
                                && isAny(match));
    }

    private static boolean isAny(Match match) {
        HttpMatch own = match.match();
        HttpMatch anyPath =
                new HttpMatch(null, own.method(), own.scheme(), own.authority(), own.headers(), own.query());
        return own.equals(HttpMatch.ANY)
                || (own.path() instanceof PathMatch.TextPrefix prefix
                        && prefix.prefix().equals("/")
                        && anyPath.equals(HttpMatch.ANY));
    }

    private List<VirtualServiceResource> of(ServiceResource service, Scope scope) {
        List<VirtualServiceResource> all = new ArrayList<>();
        for (var hit : index.find(Hosts.of(service.key(), settings), scope)) {
            if (isFor(hit.resource(), service, scope) && !all.contains(hit.resource())) {
                all.add(hit.resource());
            }
        }
        return all;
    }

    @Override
    public @Nullable Map<Integer, PortRoutes> routes(ServiceResource service, Scope scope) {
        List<VirtualServiceResource> all = of(service, scope);
        if (all.isEmpty()) {
            return null;
        }
        List<Bound> rules = new ArrayList<>();
        // What delegates are told, their compilation has said.
        all.forEach(virtual -> rules.addAll(Delegation.rules(virtual, scope, _ -> {})));
        VirtualServicePorts ports =
                new VirtualServicePorts(service, all, rules, new VirtualServiceRules(destinations, scope));
        Map<Integer, PortRoutes> compiled = new HashMap<>();
        for (ServiceResource.Port port : service.ports()) {
            compiled.put(port.port(), ports.at(port.port()));
        }
        return compiled;
    }

    @Override
    public void overruled(ServiceResource service, RouteSource by, Scope scope) {
        for (VirtualServiceResource virtual : of(service, scope)) {
            scope.report(virtual.meta()
                    .diagnostic(
                            Severity.WARNING,
                            "spec.hosts",
                            "is not used for " + service.key() + ": it has routes of " + by.name()
                                    + ", which count alone; remove one of the two"));
        }
    }
}

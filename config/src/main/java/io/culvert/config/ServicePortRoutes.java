package io.culvert.config;

import io.culvert.config.CompiledRoute.Attachment;
import io.culvert.config.CompiledRoute.Http;
import io.culvert.config.CompiledRoute.Tls;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.TcpRule;
import io.culvert.core.route.TlsRule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Puts the routes of one service port into order. Stateless; any thread. */
final class ServicePortRoutes {
    private ServicePortRoutes() {}

    /**
     * The routes of a port.
     *
     * @param port 0: those that are for all ports
     * @param routes all that are attached to the service
     */
    static PortRoutes of(ResourceKey service, int port, List<CompiledRoute> routes, Scope scope) {
        Map<String, List<CompiledRoute>> byNamespace = new TreeMap<>();
        List<CompiledRoute> own = new ArrayList<>();
        for (CompiledRoute route : routes) {
            if (isFor(route, service, port)) {
                String namespace = route.age().key().namespace();
                if (namespace.equals(service.namespace())) {
                    own.add(route);
                } else {
                    byNamespace
                            .computeIfAbsent(namespace, _ -> new ArrayList<>())
                            .add(route);
                }
            }
        }
        Map<String, HttpRoutes> consumers = new HashMap<>();
        byNamespace.forEach((namespace, theirs) -> consumers.put(namespace, http(theirs, service, scope)));
        return new PortRoutes(http(own, service, scope), consumers, tcp(own), tls(own));
    }

    private static boolean isFor(CompiledRoute route, ResourceKey service, int port) {
        return route.attachments().contains(new Attachment(service, 0))
                || (port != 0 && route.attachments().contains(new Attachment(service, port)));
    }

    // Of GRPCRoutes and HTTPRoutes for one port the more specific kind counts alone (GEP-1426, route types).
    private static HttpRoutes http(List<CompiledRoute> routes, ResourceKey service, Scope scope) {
        boolean grpc = routes.stream().anyMatch(route -> kind(route) == Kind.GRPC_ROUTE);
        List<Http> candidates = new ArrayList<>();
        boolean attached = false;
        for (CompiledRoute route : routes) {
            boolean http = kind(route) == Kind.HTTP_ROUTE;
            if (http && grpc) {
                overruled(route, service, scope);
            } else {
                attached |= http || kind(route) == Kind.GRPC_ROUTE;
                candidates.addAll(route.http());
            }
        }
        candidates.sort(Http.PRECEDENCE);
        List<HttpRoutes.Entry> entries = new ArrayList<>();
        candidates.forEach(
                candidate -> entries.add(new HttpRoutes.Entry(candidate.match().match(), candidate.rule())));
        return attached ? new HttpRoutes(entries, true) : HttpRoutes.NONE;
    }

    private static Kind kind(CompiledRoute route) {
        return route.age().key().kind();
    }

    private static void overruled(CompiledRoute route, ResourceKey service, Scope scope) {
        if (scope.get(route.age().key()) instanceof HttpRouteResource resource) {
            scope.report(resource.meta()
                    .diagnostic(
                            Severity.WARNING,
                            "spec.parentRefs",
                            "a GRPCRoute for the same port of " + service
                                    + " counts instead: give them different ports, or write one of them as the other"));
        }
    }

    private static List<TcpRule> tcp(List<CompiledRoute> routes) {
        List<CompiledRoute> ordered = new ArrayList<>(routes);
        ordered.sort((a, b) -> a.age().compareTo(b.age()));
        List<TcpRule> rules = new ArrayList<>();
        ordered.forEach(route -> rules.addAll(route.tcp()));
        return rules;
    }

    private static List<TlsRule> tls(List<CompiledRoute> routes) {
        List<Tls> candidates = new ArrayList<>();
        routes.forEach(route -> candidates.addAll(route.tls()));
        candidates.sort(Tls.PRECEDENCE);
        List<TlsRule> rules = new ArrayList<>();
        for (Tls tls : candidates) {
            List<String> names = tls.serverName().isEmpty() ? List.of() : List.of(tls.serverName());
            rules.add(new TlsRule(tls.name(), names, tls.backends()));
        }
        return rules;
    }
}

package io.culvert.config;

import io.culvert.config.Dependencies.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one compilation may look at, and where it leaves what it finds. Every look is recorded. Owned by: the
 * compilation.
 */
final class Scope {
    private final RouteGraph graph;
    private final Node node;
    private final List<Diagnostic> diagnostics = new ArrayList<>();
    private @Nullable RouteStatus status;

    Scope(RouteGraph graph, Node node) {
        this.graph = graph;
        this.node = node;
    }

    CompilerSettings settings() {
        return graph.settings();
    }

    /** {@code namespace/hostname} of a service. */
    String serviceKey(ResourceKey service) {
        return ServiceCompiler.name(graph.settings(), service);
    }

    /** This compilation depends on a fact: when it is touched, it is made again. */
    void reads(Object fact) {
        graph.dependencies().read(node, fact);
    }

    /** A fact is different now; only facts that later phases read. */
    void touch(Object fact) {
        graph.touch(fact);
    }

    @Nullable
    Resource get(ResourceKey key) {
        reads(key);
        return graph.resource(key);
    }

    /** A service that requests can be sent to; null when there is none, or only a DNS alias. */
    @Nullable
    ServiceResource service(String namespace, String name) {
        Resource resource = get(new ResourceKey(Kind.SERVICE, namespace, name));
        return resource instanceof ServiceResource service && !service.externalName() ? service : null;
    }

    void report(Diagnostic diagnostic) {
        diagnostics.add(diagnostic);
    }

    /** The status of the resource that is compiled; first phase only. */
    void status(RouteStatus status) {
        this.status = status;
    }

    List<Diagnostic> diagnostics() {
        return diagnostics;
    }

    @Nullable
    RouteStatus status() {
        return status;
    }
}

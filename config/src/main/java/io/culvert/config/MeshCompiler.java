package io.culvert.config;

import java.util.List;
import java.util.TreeSet;

/**
 * Compiles Kubernetes and Istio resources into the workload API, incrementally: a change costs what it touches. Routes
 * it compiles only to say what is wrong with them and what becomes of each; waypoints do so again from the same
 * documents. Owned by: one thread.
 */
public final class MeshCompiler {
    private final Counters counters = new Counters();
    private final DiagnosticBook readings = new DiagnosticBook();
    private final ResourceStore store;
    private final GraphCompiler graph;
    private final RouteGraph routes;
    private List<Diagnostic> fromReading = List.of();
    private List<Diagnostic> fromCompiling = List.of();
    private List<Diagnostic> fromRoutes = List.of();
    private List<Diagnostic> merged = List.of();

    public MeshCompiler(CompilerSettings settings) {
        this.store = new ResourceStore(settings.rootNamespace(), readings, counters);
        this.graph = new GraphCompiler(settings, counters);
        this.routes = new RouteGraph(settings, counters);
    }

    /**
     * Takes changed files and reports and says what they change. Never throws for bad input: what is wrong is refused
     * alone, its last good version stays, and a {@link Diagnostic} says so.
     */
    public CompiledDelta apply(SourceChanges changes) {
        changes.files().forEach(store::update);
        store.takeChanges().forEach((key, change) -> {
            graph.change(key, change.before(), change.after());
            routes.change(key, change.before(), change.after());
        });
        changes.removedReports().forEach(uid -> graph.report(uid, null));
        changes.reports().forEach(graph::report);
        graph.compile();
        routes.compile();
        List<Diagnostic> diagnostics = diagnostics();
        return new CompiledDelta(
                graph.addresses().takeChanged(),
                graph.addresses().takeRemoved(),
                graph.authorizations().takeChanged(),
                graph.authorizations().takeRemoved(),
                store.documents().takeChanges(),
                diagnostics,
                RefusedRoutes.overlay(store, routes, diagnostics));
    }

    private List<Diagnostic> diagnostics() {
        List<Diagnostic> reading = readings.all();
        List<Diagnostic> compiling = graph.book().all();
        List<Diagnostic> routing = routes.diagnostics();
        if (!reading.equals(fromReading) || !compiling.equals(fromCompiling) || !routing.equals(fromRoutes)) {
            fromReading = reading;
            fromCompiling = compiling;
            fromRoutes = routing;
            TreeSet<Diagnostic> all = new TreeSet<>(reading);
            all.addAll(compiling);
            all.addAll(routing);
            merged = List.copyOf(all);
        }
        return merged;
    }

    Counters counters() {
        return counters;
    }

    GraphCompiler graph() {
        return graph;
    }

    RouteGraph routes() {
        return routes;
    }

    ResourceStore store() {
        return store;
    }
}

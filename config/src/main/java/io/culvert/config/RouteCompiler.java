package io.culvert.config;

import io.culvert.core.route.RouteTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Compiles the resources that concern waypoints into the table that waypoints execute, incrementally: a change compiles
 * the services that it touches. Owned by: one thread.
 */
public final class RouteCompiler {
    private final Counters counters = new Counters();
    private final DiagnosticBook readings = new DiagnosticBook();
    private final ResourceStore store;
    private final RouteGraph graph;
    private List<Diagnostic> fromReading = List.of();
    private List<Diagnostic> fromCompiling = List.of();
    private List<Diagnostic> merged = List.of();

    public RouteCompiler(CompilerSettings settings) {
        this.store = new ResourceStore(settings.rootNamespace(), readings, counters);
        this.graph = new RouteGraph(settings, counters);
    }

    /**
     * Takes changed files and compiles what they touch. Never throws for bad input: what is wrong is refused alone, its
     * last good version stays, and a {@link Diagnostic} says so. Reports of pods are not looked at.
     */
    public RouteUpdate apply(SourceChanges changes) {
        changes.files().forEach(store::update);
        store.takeChanges().forEach((key, change) -> graph.change(key, change.before(), change.after()));
        RouteTable table = graph.compile();
        List<Diagnostic> diagnostics = diagnostics();
        return new RouteUpdate(table, diagnostics, RefusedRoutes.overlay(store, graph, diagnostics));
    }

    private List<Diagnostic> diagnostics() {
        List<Diagnostic> reading = readings.all();
        List<Diagnostic> compiling = graph.diagnostics();
        if (!reading.equals(fromReading) || !compiling.equals(fromCompiling)) {
            fromReading = reading;
            fromCompiling = compiling;
            LinkedHashSet<Diagnostic> all = new LinkedHashSet<>(reading);
            all.addAll(compiling);
            List<Diagnostic> sorted = new ArrayList<>(all);
            Collections.sort(sorted);
            merged = List.copyOf(sorted);
        }
        return merged;
    }

    Counters counters() {
        return counters;
    }

    RouteGraph graph() {
        return graph;
    }

    ResourceStore store() {
        return store;
    }
}

package io.culvert.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Compiles Kubernetes and Istio resources into the workload API, incrementally: a change costs what it touches. Owned
 * by: one thread.
 */
public final class MeshCompiler {
    private final Counters counters = new Counters();
    private final DiagnosticBook readings = new DiagnosticBook();
    private final ResourceStore store;
    private final GraphCompiler graph;
    private List<Diagnostic> fromReading = List.of();
    private List<Diagnostic> fromCompiling = List.of();
    private List<Diagnostic> merged = List.of();

    public MeshCompiler(CompilerSettings settings) {
        this.store = new ResourceStore(settings.rootNamespace(), readings, counters);
        this.graph = new GraphCompiler(settings, counters);
    }

    /**
     * Takes changed files and reports and says what they change. Never throws for bad input: what is wrong is refused
     * alone, its last good version stays, and a {@link Diagnostic} says so.
     */
    public CompiledDelta apply(SourceChanges changes) {
        changes.files().forEach(store::update);
        store.takeChanges().forEach((key, change) -> graph.change(key, change.before(), change.after()));
        changes.removedReports().forEach(uid -> graph.report(uid, null));
        changes.reports().forEach(graph::report);
        graph.compile();
        return new CompiledDelta(
                graph.addresses().takeChanged(),
                graph.addresses().takeRemoved(),
                graph.authorizations().takeChanged(),
                graph.authorizations().takeRemoved(),
                store.documents().takeChanges(),
                diagnostics());
    }

    private List<Diagnostic> diagnostics() {
        List<Diagnostic> reading = readings.all();
        List<Diagnostic> compiling = graph.book().all();
        if (!reading.equals(fromReading) || !compiling.equals(fromCompiling)) {
            fromReading = reading;
            fromCompiling = compiling;
            List<Diagnostic> all = new ArrayList<>(reading);
            all.addAll(compiling);
            Collections.sort(all);
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

    ResourceStore store() {
        return store;
    }
}

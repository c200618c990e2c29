package io.culvert.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Says offline what the controller would say of these files, and what only shows when they are held against each other.
 * Any thread.
 */
public final class Analyzer {
    private final CompilerSettings settings;

    public Analyzer(CompilerSettings settings) {
        this.settings = settings;
    }

    /** Analyses texts by file name. */
    public AnalysisReport analyze(Map<String, String> files) {
        MeshCompiler compiler = new MeshCompiler(settings);
        List<Diagnostic> found = new ArrayList<>(
                compiler.apply(SourceChanges.files(Map.copyOf(files))).diagnostics());
        Mesh mesh = compiler.graph().mesh();
        Subjects subjects = new Subjects(settings, mesh);
        new PolicyChecks(mesh, subjects, found).run();
        new ServiceChecks(mesh, subjects, found).run();
        Map<ResourceKey, Resource> resources = compiler.store().snapshot();
        new WaypointChecks(settings, mesh, resources, found).run();
        SubsetChecks.run(settings, resources, found);
        List<Diagnostic> all = new ArrayList<>(new TreeSet<>(found));
        return new AnalysisReport(
                all,
                new ArrayList<>(
                        new TreeMap<>(RefusedRoutes.overlay(compiler.store(), compiler.routes(), all)).values()));
    }
}

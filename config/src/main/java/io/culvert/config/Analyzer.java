package io.culvert.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

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
        Collections.sort(found);
        return new AnalysisReport(found);
    }
}

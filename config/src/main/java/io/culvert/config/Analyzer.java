package io.culvert.config;

import java.util.Map;

/** Says offline what the controller would say of these files, and what only shows across them. Any thread. */
public final class Analyzer {
    private final CompilerSettings settings;

    public Analyzer(CompilerSettings settings) {
        this.settings = settings;
    }

    /** Analyses texts by file name. */
    public AnalysisReport analyze(Map<String, String> files) {
        MeshCompiler compiler = new MeshCompiler(settings);
        return new AnalysisReport(
                compiler.apply(SourceChanges.files(Map.copyOf(files))).diagnostics());
    }
}

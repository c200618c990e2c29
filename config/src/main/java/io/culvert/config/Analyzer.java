package io.culvert.config;

import java.util.Map;

/** Says offline what the controller would say of these files, and what it alone cannot see to be wrong. Any thread. */
public final class Analyzer {
    private final CompilerSettings settings;

    public Analyzer(CompilerSettings settings) {
        this.settings = settings;
    }

    /** Analyses texts by file name. */
    public AnalysisReport analyze(Map<String, String> files) {
        throw new UnsupportedOperationException("analysis with " + settings + " is not there yet: " + files);
    }
}

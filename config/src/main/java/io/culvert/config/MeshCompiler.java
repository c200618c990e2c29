package io.culvert.config;

/**
 * Compiles Kubernetes and Istio resources into the workload API, incrementally: a change costs what it touches. Owned
 * by: one thread.
 */
public final class MeshCompiler {
    private final CompilerSettings settings;

    public MeshCompiler(CompilerSettings settings) {
        this.settings = settings;
    }

    /**
     * Takes changed files and reports and says what they change. Never throws for bad input: what is wrong is refused
     * alone, its last good version stays, and a {@link Diagnostic} says so.
     */
    public CompiledDelta apply(SourceChanges changes) {
        throw new UnsupportedOperationException("compiler with " + settings + " is not there yet: " + changes);
    }
}

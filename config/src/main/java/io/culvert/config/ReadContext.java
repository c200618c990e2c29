package io.culvert.config;

import java.util.ArrayList;
import java.util.List;

/** Collects what is found while one resource is read. Owned by: the read. */
final class ReadContext {
    private final String file;
    private final int firstLine;
    private final VisitBudget budget;
    private final List<Diagnostic> diagnostics = new ArrayList<>();
    private String resource = "";
    private int errors;

    /**
     * @param firstLine line in the file of the document's first line
     */
    ReadContext(String file, int firstLine, VisitBudget budget) {
        this.file = file;
        this.firstLine = firstLine;
        this.budget = budget;
    }

    /** How many mappings may still be read of one document; aliases can name one mapping from many places. */
    static final class VisitBudget {
        private long left;

        VisitBudget(int nodes) {
            this.left = 4L * nodes + 1_000;
        }
    }

    /** A context for another resource of the same document. */
    ReadContext sibling() {
        return new ReadContext(file, firstLine, budget);
    }

    void visit(int line) {
        if (--budget.left < 0) {
            throw new YamlFault(line, "aliases expand this document too far: write it out");
        }
    }

    /** From now on findings name this resource. */
    void name(String resourceLabel) {
        this.resource = resourceLabel;
    }

    String file() {
        return file;
    }

    int fileLine(int documentLine) {
        return firstLine + documentLine;
    }

    void add(Severity severity, int line, String path, String message) {
        if (severity == Severity.ERROR) {
            errors++;
        }
        diagnostics.add(new Diagnostic(severity, file, line, resource, path, message));
    }

    /** An error that does not refuse the resource. */
    void addTolerated(int line, String path, String message) {
        diagnostics.add(new Diagnostic(Severity.ERROR, file, line, resource, path, message));
    }

    int errors() {
        return errors;
    }

    List<Diagnostic> diagnostics() {
        return diagnostics;
    }
}

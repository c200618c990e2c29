package io.culvert.config;

import java.util.List;

/**
 * What {@link Analyzer} found. Immutable.
 *
 * @param diagnostics sorted by file and line
 */
public record AnalysisReport(List<Diagnostic> diagnostics) {
    /** How many findings have this severity. */
    public long count(Severity severity) {
        return diagnostics.stream().filter(d -> d.severity() == severity).count();
    }

    /** One line each, {@code file:line: severity: resource: path: message}, and a line of totals. */
    public String toText() {
        StringBuilder text = new StringBuilder();
        diagnostics.forEach(d -> text.append(d).append('\n'));
        return text.append(count(Severity.ERROR))
                .append(" errors, ")
                .append(count(Severity.WARNING))
                .append(" warnings, ")
                .append(count(Severity.INFO))
                .append(" notes\n")
                .toString();
    }
}

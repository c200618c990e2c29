package io.culvert.config;

import java.util.Comparator;

/**
 * One finding about the configuration. Immutable.
 *
 * @param severity how bad it is
 * @param file the file as it was named in {@link SourceChanges}
 * @param line line in the file, from 1
 * @param resource {@code Kind namespace/name} (no namespace for cluster-wide kinds), or "" when it could not be read
 * @param path the field, as {@code spec.rules[0].to[1].operation.ports[0]}, or "" when the whole resource is meant
 * @param message what is wrong and the remedy
 */
public record Diagnostic(Severity severity, String file, int line, String resource, String path, String message)
        implements Comparable<Diagnostic> {
    private static final Comparator<Diagnostic> ORDER = Comparator.comparing(Diagnostic::file)
            .thenComparingInt(Diagnostic::line)
            .thenComparing(Diagnostic::severity)
            .thenComparing(Diagnostic::resource)
            .thenComparing(Diagnostic::path)
            .thenComparing(Diagnostic::message);

    /** By file and line, the worst first. */
    @Override
    public int compareTo(Diagnostic other) {
        return ORDER.compare(this, other);
    }

    /** {@code file:line: severity: resource: path: message}; what is empty is left out. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(file).append(':').append(line).append(": ");
        text.append(severity.label()).append(": ");
        if (!resource.isEmpty()) {
            text.append(resource).append(": ");
        }
        if (!path.isEmpty()) {
            text.append(path).append(": ");
        }
        return text.append(message).toString();
    }
}

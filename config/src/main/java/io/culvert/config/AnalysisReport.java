package io.culvert.config;

import java.util.List;

/**
 * What {@link Analyzer} found. Immutable.
 *
 * @param diagnostics sorted by file and line
 */
public record AnalysisReport(List<Diagnostic> diagnostics) {
    public AnalysisReport {
        diagnostics = List.copyOf(diagnostics);
    }

    /** How many findings have this severity. */
    public long count(Severity severity) {
        return diagnostics.stream().filter(d -> d.severity() == severity).count();
    }

    /** One line each, {@code file:line: severity: resource: path: message}, and a line of totals. */
    public String toText() {
        StringBuilder text = new StringBuilder();
        diagnostics.forEach(d -> text.append(d).append('\n'));
        return text.append(counted(count(Severity.ERROR), "error"))
                .append(", ")
                .append(counted(count(Severity.WARNING), "warning"))
                .append(", ")
                .append(counted(count(Severity.INFO), "note"))
                .append('\n')
                .toString();
    }

    private static String counted(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    /** The same as a JSON object: {@code {"errors", "warnings", "notes", "diagnostics": [{...}]}}. */
    public String toJson() {
        StringBuilder json = new StringBuilder("{\n  \"errors\": ").append(count(Severity.ERROR));
        json.append(",\n  \"warnings\": ").append(count(Severity.WARNING));
        json.append(",\n  \"notes\": ").append(count(Severity.INFO));
        json.append(",\n  \"diagnostics\": [");
        String separator = "\n    ";
        for (Diagnostic diagnostic : diagnostics) {
            json.append(separator).append("{\"severity\": ");
            quote(diagnostic.severity().label(), json);
            json.append(", \"file\": ");
            quote(diagnostic.file(), json);
            json.append(", \"line\": ").append(diagnostic.line()).append(", \"resource\": ");
            quote(diagnostic.resource(), json);
            json.append(", \"path\": ");
            quote(diagnostic.path(), json);
            json.append(", \"message\": ");
            quote(diagnostic.message(), json);
            json.append('}');
            separator = ",\n    ";
        }
        return json.append(diagnostics.isEmpty() ? "]\n}\n" : "\n  ]\n}\n").toString();
    }

    // RFC 8259, section 7.
    private static void quote(String text, StringBuilder json) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < 0x20 || Character.isSurrogate(c)) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }
}

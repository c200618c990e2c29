package io.culvert.config;

import java.util.List;

/**
 * What {@link Analyzer} found. Immutable.
 *
 * @param diagnostics sorted by file and line
 * @param statuses what the controller would write to the status of routes, gateways and policies
 */
public record AnalysisReport(List<Diagnostic> diagnostics, List<RouteStatus> statuses) {
    public AnalysisReport {
        diagnostics = List.copyOf(diagnostics);
        statuses = List.copyOf(statuses);
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

    /** The same as a JSON object: {@code {"errors", "warnings", "notes", "diagnostics": [{...}], "statuses": [{...}]}}. */
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
        json.append(diagnostics.isEmpty() ? "],\n" : "\n  ],\n").append("  \"statuses\": [");
        separator = "\n    ";
        for (RouteStatus status : statuses) {
            json.append(separator).append("{\"resource\": ");
            quote(status.resource(), json);
            json.append(", \"conditions\": ");
            conditions(status.conditions(), json);
            json.append(", \"parents\": [");
            String comma = "";
            for (RouteStatus.Parent parent : status.parents()) {
                json.append(comma).append("{\"parent\": ");
                quote(parent.parent(), json);
                json.append(", \"conditions\": ");
                conditions(parent.conditions(), json);
                json.append('}');
                comma = ", ";
            }
            json.append("]}");
            separator = ",\n    ";
        }
        return json.append(statuses.isEmpty() ? "]\n}\n" : "\n  ]\n}\n").toString();
    }

    private static void conditions(List<RouteStatus.Condition> conditions, StringBuilder json) {
        json.append('[');
        String comma = "";
        for (RouteStatus.Condition condition : conditions) {
            json.append(comma).append("{\"type\": ");
            quote(condition.type(), json);
            json.append(", \"status\": ").append(condition.status()).append(", \"reason\": ");
            quote(condition.reason(), json);
            json.append(", \"message\": ");
            quote(condition.message(), json);
            json.append('}');
            comma = ", ";
        }
        json.append(']');
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

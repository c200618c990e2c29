package io.culvert.config;

/** How bad a {@link Diagnostic} is. */
public enum Severity {
    /** Something was refused, or a policy cannot be enforced as written. */
    ERROR,
    /** Taken, but probably not what was meant. */
    WARNING,
    /** Worth knowing. */
    INFO;

    /** Lower case, as printed. */
    public String label() {
        return switch (this) {
            case ERROR -> "error";
            case WARNING -> "warning";
            case INFO -> "info";
        };
    }
}

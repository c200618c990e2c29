package io.culvert.lab;

import java.util.List;

/** How a command ended. Immutable. */
public record ExecResult(List<String> command, int exit, String out, String err) {
    /** What a command that outlived its time is reported with, as timeout(1) does. */
    static final int TIMED_OUT = 124;

    public ExecResult {
        command = List.copyOf(command);
    }

    public boolean ok() {
        return exit == 0;
    }

    /** Standard output without the final line break, or an error that shows everything when the command failed. */
    public String orThrow() {
        if (!ok()) {
            throw new LabException(describe());
        }
        return out.strip();
    }

    /** Command, status and what it wrote, for messages. */
    public String describe() {
        return "`" + String.join(" ", command) + "` ended with " + exit + ": "
                + (err.isBlank() ? out.strip() : err.strip());
    }
}

package io.culvert.agent;

import java.util.List;

/** The command line or the environment cannot be used; carries every fault found, not only the first. */
final class UsageException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<String> faults;

    UsageException(List<String> faults) {
        super(String.join("\n", faults));
        this.faults = List.copyOf(faults);
    }

    List<String> faults() {
        return faults;
    }
}

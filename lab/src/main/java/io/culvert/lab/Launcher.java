package io.culvert.lab;

import java.util.List;

/** Knows how to start a role of the program as a process of its own. Any thread. */
@FunctionalInterface
public interface Launcher {
    /** The command line of {@code role} (agent, controller), to which its options are appended. */
    List<String> command(String role);
}

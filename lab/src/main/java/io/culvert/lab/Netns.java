package io.culvert.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A named network namespace, as ip-netns(8) keeps them. Immutable. */
record Netns(String name) {
    static final Path DIRECTORY = Path.of("/run/netns");

    Path path() {
        return DIRECTORY.resolve(name);
    }

    void create() {
        Command.run("ip", "netns", "add", name);
    }

    /** Removes the name; the namespace goes with its last process and socket. */
    void delete() {
        Command.attempt(List.of("ip", "netns", "delete", name), "", Duration.ofSeconds(10));
    }

    /** Runs a shell script inside; it stops at the first command that fails, and that is an error. */
    String shell(String script) {
        return Command.run(enter(List.of("sh", "-eu")), script);
    }

    /**
     * The command line that runs {@code argv} inside. nsenter and not `ip netns exec`, which would remount /sys and hide
     * the cgroups.
     */
    List<String> enter(List<String> argv) {
        List<String> command = new ArrayList<>(List.of("nsenter", "--net=" + path(), "--"));
        command.addAll(argv);
        return command;
    }
}

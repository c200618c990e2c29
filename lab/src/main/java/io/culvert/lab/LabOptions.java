package io.culvert.lab;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How a lab is started. Immutable.
 *
 * @param launcher starts controller and agents; empty for a plain cluster without a mesh
 * @param agentOptions further options of every agent
 * @param controllerOptions further options of the controller
 * @param progress is told what happens, a line each
 */
public record LabOptions(
        Optional<Launcher> launcher,
        List<String> agentOptions,
        List<String> controllerOptions,
        Consumer<String> progress) {
    public LabOptions {
        agentOptions = List.copyOf(agentOptions);
        controllerOptions = List.copyOf(controllerOptions);
    }

    /** A cluster without a mesh. */
    public static LabOptions plain() {
        return new LabOptions(Optional.empty(), List.of(), List.of(), line -> {});
    }

    /** A cluster with a controller and an agent on each node, started by {@code launcher}. */
    public static LabOptions mesh(Launcher launcher) {
        return new LabOptions(Optional.of(launcher), List.of(), List.of(), line -> {});
    }

    public LabOptions withProgress(Consumer<String> receiver) {
        return new LabOptions(launcher, agentOptions, controllerOptions, receiver);
    }

    public LabOptions withAgentOptions(String... options) {
        return new LabOptions(launcher, List.of(options), controllerOptions, progress);
    }

    public LabOptions withControllerOptions(String... options) {
        return new LabOptions(launcher, agentOptions, List.of(options), progress);
    }
}

package io.culvert.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a container runs: a command of this machine instead of an image. Immutable. */
record ContainerSpec(
        String name,
        List<String> command,
        Map<String, String> environment,
        String workingDirectory,
        int user,
        int group,
        Map<String, Integer> ports,
        @Nullable ProbeSpec readiness,
        @Nullable ProbeSpec liveness,
        @Nullable ProbeSpec startup) {

    /** Reads a container; the security context of its pod is the default of its own. */
    static ContainerSpec of(Tree container, Tree podSecurity) {
        List<String> command = new ArrayList<>(container.strings("command"));
        command.addAll(container.strings("args"));
        if (command.isEmpty()) {
            throw new LabException(container.where() + ": command is missing (the lab runs commands of this machine,"
                    + " not images)");
        }
        Map<String, String> environment = new LinkedHashMap<>();
        container.list("env").forEach(e -> environment.put(e.required("name"), e.string(List.of("value"), "")));
        Map<String, Integer> ports = new LinkedHashMap<>();
        for (Tree port : container.list("ports")) {
            String number = port.required("containerPort");
            ports.put(port.string(List.of("name"), number), Integer.valueOf(number));
        }
        int user = id(container, podSecurity, "runAsUser", 0);
        return new ContainerSpec(
                container.required("name"),
                List.copyOf(command),
                environment,
                container.string(List.of("workingDir"), "/tmp"),
                user,
                id(container, podSecurity, "runAsGroup", user),
                ports,
                ProbeSpec.of(container.at("readinessProbe"), ports),
                ProbeSpec.of(container.at("livenessProbe"), ports),
                ProbeSpec.of(container.at("startupProbe"), ports));
    }

    private static int id(Tree container, Tree podSecurity, String field, int otherwise) {
        Integer own = container.integer("securityContext", field);
        return own != null ? own : podSecurity.integer(field, otherwise);
    }
}

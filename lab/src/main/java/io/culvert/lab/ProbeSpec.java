package io.culvert.lab;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A probe of a container, with Kubernetes' fields and defaults. Immutable. */
record ProbeSpec(Action action, Duration initialDelay, Duration period, Duration timeout, int successes, int failures) {
    /** How a probe asks. Ports are numbers here: names were looked up among the container's ports. */
    sealed interface Action {
        /** GET; any status from 200 to 399 is success. */
        record Http(int port, String path, Map<String, String> headers) implements Action {}

        /** A connection that is accepted. */
        record Tcp(int port) implements Action {}

        /** grpc.health.v1.Health/Check that answers SERVING. */
        record Grpc(int port, String service) implements Action {}

        /** A command in the container that ends with 0. */
        record Exec(List<String> command) implements Action {}
    }

    /** Reads a probe, or null when {@code probe} is empty. */
    static @Nullable ProbeSpec of(Tree probe, Map<String, Integer> namedPorts) {
        if (probe.map().isEmpty()) {
            return null;
        }
        return new ProbeSpec(
                action(probe, namedPorts),
                Duration.ofSeconds(probe.integer("initialDelaySeconds", 0)),
                Duration.ofSeconds(probe.integer("periodSeconds", 10)),
                Duration.ofSeconds(probe.integer("timeoutSeconds", 1)),
                probe.integer("successThreshold", 1),
                probe.integer("failureThreshold", 3));
    }

    private static Action action(Tree probe, Map<String, Integer> namedPorts) {
        if (probe.has("httpGet")) {
            Tree get = probe.at("httpGet");
            Map<String, String> headers = new LinkedHashMap<>();
            get.list("httpHeaders").forEach(header -> headers.put(header.required("name"), header.required("value")));
            return new Action.Http(port(get, namedPorts), get.string(List.of("path"), "/"), headers);
        }
        if (probe.has("tcpSocket")) {
            return new Action.Tcp(port(probe.at("tcpSocket"), namedPorts));
        }
        if (probe.has("grpc")) {
            Tree grpc = probe.at("grpc");
            return new Action.Grpc(port(grpc, namedPorts), grpc.string(List.of("service"), ""));
        }
        if (probe.has("exec")) {
            return new Action.Exec(probe.strings("exec", "command"));
        }
        throw new LabException(probe.where() + " has none of httpGet, tcpSocket, grpc, exec");
    }

    private static int port(Tree action, Map<String, Integer> namedPorts) {
        String port = action.required("port");
        Integer named = namedPorts.get(port);
        if (named != null) {
            return named;
        }
        if (!port.matches("\\d+")) {
            throw new LabException(action.where() + ": no container port is named " + port);
        }
        return Integer.parseInt(port);
    }
}

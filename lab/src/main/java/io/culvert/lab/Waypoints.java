package io.culvert.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a controller makes of a Gateway of class {@code culvert-waypoint}: a service account and a service of its name, and
 * a pod with its own network, in which a waypoint runs. Immutable.
 */
final class Waypoints {
    private static final String CLASS = "culvert-waypoint";
    private static final String NAME_LABEL = "gateway.networking.k8s.io/gateway-name";
    private static final String CLASS_LABEL = "gateway.networking.k8s.io/gateway-class-name";
    private static final int READINESS = 15021;

    private Waypoints() {}

    static boolean isWaypoint(Resource gateway) {
        return gateway.key().kind().equals("Gateway")
                && CLASS.equals(gateway.tree().string("spec", "gatewayClassName"));
    }

    /** Account, service and pod, in the order in which they are applied. */
    static List<Resource> of(Resource gateway) {
        String name = gateway.key().name();
        Map<String, Object> labels = Map.of(NAME_LABEL, name, CLASS_LABEL, CLASS, "culvert.io/mesh", "disabled");
        Map<String, Object> metadata =
                Map.of("name", name, "namespace", gateway.key().namespace(), "labels", labels);
        Map<String, Object> port = Map.of("name", "tcp-hbone", "port", 15008, "targetPort", 15008);
        Map<String, Object> ready = Map.of(
                "httpGet",
                Map.of("path", "/healthz/ready", "port", READINESS),
                "periodSeconds",
                1,
                "failureThreshold",
                1);
        Map<String, Object> container =
                Map.of("name", "waypoint", "command", List.of("sleep", "infinity"), "readinessProbe", ready);
        return List.of(
                Resource.of(Map.of("apiVersion", "v1", "kind", "ServiceAccount", "metadata", metadata), ""),
                Resource.of(
                        Map.of(
                                "apiVersion",
                                "v1",
                                "kind",
                                "Service",
                                "metadata",
                                metadata,
                                "spec",
                                Map.of("selector", Map.of(NAME_LABEL, name), "ports", List.of(port))),
                        ""),
                Resource.of(
                        Map.of(
                                "apiVersion",
                                "v1",
                                "kind",
                                "Pod",
                                "metadata",
                                metadata,
                                "spec",
                                Map.of("serviceAccountName", name, "containers", List.of(container))),
                        ""));
    }

    /** The process of a waypoint's pod, in its network; empty for other pods and without a mesh. */
    static Optional<MeshProcess> process(LabPod pod, Netns netns, LabOptions options, RunDirectory run) {
        String gateway = pod.resource().labels().get(NAME_LABEL);
        if (gateway == null || options.launcher().isEmpty()) {
            return Optional.empty();
        }
        Path directory = run.pod(pod.namespace(), pod.name());
        List<String> command = new ArrayList<>(options.launcher().get().command("waypoint"));
        command.addAll(List.of(
                "--name", gateway,
                "--namespace", pod.namespace(),
                "--pod", pod.name(),
                "--node", pod.node().name(),
                "--xds", "unix:" + ControllerProcess.socket(run),
                "--node-token", run.tokens().resolve(pod.node().name()).toString(),
                "--state-dir", directory.resolve("state").toString(),
                "--access-log", directory.resolve("access.log").toString()));
        return Optional.of(
                new MeshProcess("waypoint " + pod.fullName(), netns.enter(command), directory.resolve("waypoint.log")));
    }
}

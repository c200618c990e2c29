package io.culvert.config;

import io.culvert.proto.node.Probe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a pod's containers for named ports and probes. Owned by: the read of one pod. */
final class ContainerReader {
    private static final String[] FIELDS = {
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "name",
        "resizePolicy",
        "resources",
        "restartPolicy",
        "restartPolicyRules",
        "securityContext",
        "stdin",
        "stdinOnce",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir"
    };
    private static final String[] PROBE_FIELDS = {
        "exec",
        "failureThreshold",
        "initialDelaySeconds",
        "periodSeconds",
        "successThreshold",
        "terminationGracePeriodSeconds",
        "timeoutSeconds"
    };

    private final Map<String, Integer> portNames = new HashMap<>();
    private final List<Fields> pending = new ArrayList<>();
    private final Set<Probe> probes = new LinkedHashSet<>();

    void read(Fields container) {
        for (Fields port : container.objects("ports")) {
            Integer number = port.number("containerPort", 1, 65535);
            String name = port.text("name", "");
            boolean tcp = port.text("protocol", "TCP").equals("TCP");
            port.known("hostIP", "hostPort").finish();
            if (number != null && tcp && !name.isEmpty()) {
                portNames.putIfAbsent(name, number);
            }
        }
        for (String kind : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            Fields probe = container.object(kind);
            if (probe != null) {
                pending.add(probe);
            }
        }
        container.known(FIELDS).finish();
    }

    Map<String, Integer> portNames() {
        return Map.copyOf(portNames);
    }

    /** The probes that arrive over the network; to be asked once, when all containers have been read. */
    List<Probe> probes() {
        pending.forEach(this::probe);
        return List.copyOf(probes);
    }

    private void probe(Fields probe) {
        Fields http = probe.object("httpGet");
        Fields grpc = probe.object("grpc");
        Fields tcp = probe.object("tcpSocket");
        probe.known(PROBE_FIELDS).finish();
        if (http != null) {
            http(http);
        }
        if (grpc != null) {
            String service = grpc.text("service", "");
            add(grpc, Probe.Kind.GRPC, service);
            grpc.finish();
        }
        if (tcp != null) {
            // With a host of its own it does not reach the pod.
            if (!tcp.has("host")) {
                add(tcp, Probe.Kind.TCP, "");
            }
            tcp.known("port").finish();
        }
    }

    private void http(Fields http) {
        String path = http.text("path", "/");
        boolean tls = http.text("scheme", "HTTP").equals("HTTPS");
        if (!http.has("host")) {
            if (tls) {
                http.info(
                        "scheme",
                        "an HTTPS probe cannot be told by its path, so it is let through like a TCP probe: "
                                + "its port is reachable in clear from the pod's node");
                add(http, Probe.Kind.TCP, "");
            } else {
                add(http, Probe.Kind.HTTP, path.startsWith("/") ? path : "/" + path);
            }
        }
        http.known("port", "httpHeaders").finish();
    }

    private void add(Fields probe, Probe.Kind kind, String path) {
        String text = probe.numberOrText("port");
        if (text == null) {
            if (!probe.has("port")) {
                probe.error("port", "is missing");
            }
            return;
        }
        int port = portNames.getOrDefault(text, PortText.parse(text));
        if (port < 0) {
            probe.error("port", "\"" + text + "\" is neither a port (1 to 65535) nor the name of a container port");
            return;
        }
        probes.add(Probe.newBuilder().setKind(kind).setPort(port).setPath(path).build());
    }
}

package io.culvert.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** EndpointSlices as the endpoint slice controller writes them: one for each service, family and set of target ports. */
final class EndpointSlices {
    private static final String API = "discovery.k8s.io/v1";

    private EndpointSlices() {}

    /** The slices of one service; {@code ports} are all of its ports. */
    static List<Resource> of(ServiceSpec service, List<ServicePort> ports) {
        List<Resource> slices = new ArrayList<>();
        for (boolean v6 : new boolean[] {false, true}) {
            // Pods whose named ports have the same numbers share a slice.
            Map<Map<Integer, Integer>, Map<String, Backend>> byPorts = new LinkedHashMap<>();
            Map<String, Map<Integer, Backend>> byPod = new TreeMap<>();
            for (int i = 0; i < ports.size(); i++) {
                for (Backend backend : ports.get(i).backends()) {
                    if (backend.v6() == v6) {
                        byPod.computeIfAbsent(backend.pod(), pod -> new TreeMap<>())
                                .put(i, backend);
                    }
                }
            }
            byPod.forEach((pod, backends) -> {
                Map<Integer, Integer> targets = new TreeMap<>();
                backends.forEach((port, backend) -> targets.put(port, backend.port()));
                byPorts.computeIfAbsent(targets, key -> new TreeMap<>())
                        .put(pod, backends.values().iterator().next());
            });
            for (Map.Entry<Map<Integer, Integer>, Map<String, Backend>> group : byPorts.entrySet()) {
                slices.add(slice(
                        service,
                        v6,
                        slices.size(),
                        group.getKey(),
                        ports,
                        List.copyOf(group.getValue().values())));
            }
            if (byPorts.isEmpty()) {
                slices.add(slice(service, v6, slices.size(), Map.of(), List.of(), List.of()));
            }
        }
        return slices;
    }

    private static Resource slice(
            ServiceSpec service,
            boolean v6,
            int ordinal,
            Map<Integer, Integer> targets,
            List<ServicePort> ports,
            List<Backend> backends) {
        Map<String, Object> slice = new LinkedHashMap<>();
        slice.put("apiVersion", API);
        slice.put("kind", "EndpointSlice");
        slice.put(
                "metadata",
                Map.of(
                        "name",
                        service.name() + "-" + ordinal,
                        "namespace",
                        service.namespace(),
                        "labels",
                        Map.of("kubernetes.io/service-name", service.name())));
        slice.put("addressType", v6 ? "IPv6" : "IPv4");
        List<Object> slicePorts = new ArrayList<>();
        targets.forEach((index, target) -> {
            ServiceSpec.Port port = ports.get(index).port();
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", port.name() == null ? "" : port.name());
            entry.put("port", target);
            entry.put("protocol", port.protocol().toUpperCase(Locale.ROOT));
            slicePorts.add(entry);
        });
        slice.put("ports", slicePorts);
        slice.put(
                "endpoints",
                backends.stream().map(backend -> endpoint(service, backend)).toList());
        return Resource.of(slice, Yaml.dump(slice));
    }

    private static Map<String, Object> endpoint(ServiceSpec service, Backend backend) {
        Map<String, Object> endpoint = new LinkedHashMap<>();
        endpoint.put("addresses", List.of(backend.address()));
        endpoint.put(
                "conditions",
                Map.of(
                        "ready", backend.ready(),
                        "serving", backend.serving(),
                        "terminating", backend.serving() && !backend.ready()));
        endpoint.put("nodeName", backend.node());
        endpoint.put("targetRef", Map.of("kind", "Pod", "namespace", service.namespace(), "name", backend.pod()));
        return endpoint;
    }
}

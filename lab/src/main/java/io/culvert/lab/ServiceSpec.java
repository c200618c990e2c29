package io.culvert.lab;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A Service: its addresses, ports and the labels of the pods behind it. Immutable. */
record ServiceSpec(
        Resource resource, boolean headless, List<String> clusterIps, Map<String, String> selector, List<Port> ports) {
    /** A port of the service; {@code target} is a number or the name of a container port. */
    record Port(@Nullable String name, int port, String target, String protocol) {}

    /** Reads a Service; {@code addresses} are used when it asks for none. */
    static ServiceSpec of(Resource service, List<String> addresses) {
        Tree spec = service.tree().at("spec");
        List<Port> ports = spec.list("ports").stream()
                .map(port -> new Port(
                        port.string("name"),
                        Integer.parseInt(port.required("port")),
                        port.string(List.of("targetPort"), port.required("port")),
                        port.string(List.of("protocol"), "TCP").toLowerCase(Locale.ROOT)))
                .toList();
        boolean headless = "None".equals(spec.string("clusterIP"));
        List<String> asked = spec.strings("clusterIPs");
        String single = spec.string("clusterIP");
        if (asked.isEmpty() && single != null) {
            asked = List.of(single);
        }
        return new ServiceSpec(
                service,
                headless,
                headless ? List.of() : asked.isEmpty() ? addresses : asked,
                spec.stringMap("selector"),
                ports);
    }

    String namespace() {
        return resource.key().namespace();
    }

    String name() {
        return resource.key().name();
    }

    boolean selects(Map<String, String> labels) {
        return !selector.isEmpty() && labels.entrySet().containsAll(selector.entrySet());
    }
}

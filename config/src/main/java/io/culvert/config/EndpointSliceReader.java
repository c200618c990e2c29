package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads EndpointSlices. */
final class EndpointSliceReader implements KindReader {
    private static final String SERVICE = "kubernetes.io/service-name";

    /** Named as they are written. */
    private enum AddressType {
        IPv4,
        IPv6,
        FQDN
    }

    @Override
    public Resource read(Fields root, Meta meta) {
        AddressType type = root.choice("addressType", AddressType.class);
        if (type == null && !root.has("addressType")) {
            root.error("addressType", "is missing: give IPv4 or IPv6");
        }
        List<EndpointSliceResource.Endpoint> endpoints = new ArrayList<>();
        if (type == AddressType.FQDN) {
            root.warning("addressType", "endpoints by name are not supported; ignored");
            root.known("endpoints");
        } else {
            root.objects("endpoints").forEach(endpoint -> endpoints.add(endpoint(endpoint, meta.namespace())));
        }
        Map<String, Integer> ports = new LinkedHashMap<>();
        for (Fields port : root.objects("ports")) {
            Integer number = port.number("port", 1, 65535);
            String name = port.text("name", "");
            boolean tcp = port.text("protocol", "TCP").equals("TCP");
            port.known("appProtocol").finish();
            if (number != null && tcp) {
                ports.put(name, number);
            }
        }
        root.finish();
        String service = meta.labels().getOrDefault(SERVICE, "");
        if (service.isEmpty()) {
            root.warning("metadata", "has no label " + SERVICE + ": it belongs to no service; ignored");
        }
        return new EndpointSliceResource(meta, service, List.copyOf(endpoints), Map.copyOf(ports));
    }

    private static EndpointSliceResource.Endpoint endpoint(Fields endpoint, String namespace) {
        List<ByteString> addresses = new ArrayList<>();
        for (Fields.Text text : endpoint.texts("addresses")) {
            byte[] bytes = AddressText.parse(text.value());
            if (bytes == null) {
                endpoint.error("addresses", "\"" + text.value() + "\" is no IP address");
            } else {
                addresses.add(ByteString.copyFrom(bytes));
            }
        }
        boolean ready = true;
        boolean terminating = false;
        Fields conditions = endpoint.object("conditions");
        if (conditions != null) {
            // Absent means ready.
            ready = !conditions.has("ready") || conditions.flag("ready");
            terminating = conditions.flag("terminating");
            conditions.known("serving").finish();
        }
        EndpointSliceResource.Endpoint read = new EndpointSliceResource.Endpoint(
                List.copyOf(addresses),
                ready,
                terminating,
                pod(endpoint, namespace),
                endpoint.text("nodeName", ""),
                endpoint.text("zone", ""));
        endpoint.known("deprecatedTopology", "hints", "hostname").finish();
        return read;
    }

    private static @Nullable ResourceKey pod(Fields endpoint, String namespace) {
        Fields target = endpoint.object("targetRef");
        if (target == null || !target.text("kind", "").equals("Pod")) {
            return null;
        }
        String name = target.text("name", "");
        return name.isEmpty() ? null : new ResourceKey(Kind.POD, target.text("namespace", namespace), name);
    }
}

package io.culvert.config;

import com.google.protobuf.ByteString;
import io.culvert.proto.workload.IPFamilies;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads Services. */
final class ServiceReader implements KindReader {
    private static final String[] SPEC_FIELDS = {
        "allocateLoadBalancerNodePorts", "externalIPs", "externalName", "externalTrafficPolicy", "healthCheckNodePort",
        "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges", "sessionAffinity",
        "sessionAffinityConfig"
    };

    /** Named as they are written. */
    private enum Type {
        ClusterIP,
        NodePort,
        LoadBalancer,
        ExternalName
    }

    @Override
    public Resource read(Fields root, Meta meta) {
        WaypointBinding.check(root, meta);
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new ServiceResource(meta, false, List.of(), List.of(), null, null, IPFamilies.AUTOMATIC);
        }
        boolean externalName = spec.choice("type", Type.class) == Type.ExternalName;
        if (externalName) {
            spec.info("type", "an ExternalName service is a DNS alias: the mesh leaves it to DNS");
        }
        List<ByteString> clusterIps = clusterIps(spec);
        Selector selector = spec.has("selector") ? Selector.ofLabels(SelectorReader.labels(spec, "selector")) : null;
        ServiceResource service = new ServiceResource(
                meta,
                externalName,
                clusterIps,
                ports(spec),
                selector == null || selector.isEmpty() ? null : selector,
                LoadBalancingReader.read(spec, meta),
                families(spec, clusterIps));
        spec.known(SPEC_FIELDS).finish();
        return service;
    }

    private static List<ByteString> clusterIps(Fields spec) {
        Set<ByteString> addresses = new LinkedHashSet<>();
        for (Fields.Text text : spec.texts("clusterIPs")) {
            ByteString address = clusterIp(spec, "clusterIPs", text.value());
            if (address != null) {
                addresses.add(address);
            }
        }
        ByteString single = clusterIp(spec, "clusterIP", spec.text("clusterIP", ""));
        if (single != null) {
            addresses.add(single);
        }
        return List.copyOf(addresses);
    }

    private static @Nullable ByteString clusterIp(Fields spec, String name, String text) {
        if (text.isEmpty() || text.equals("None")) {
            return null;
        }
        byte[] bytes = AddressText.parse(text);
        if (bytes == null) {
            spec.error(name, "\"" + text + "\" is no IP address: give one, or None for a headless service");
            return null;
        }
        return ByteString.copyFrom(bytes);
    }

    private static List<ServiceResource.Port> ports(Fields spec) {
        List<ServiceResource.Port> ports = new ArrayList<>();
        Set<Integer> seen = new LinkedHashSet<>();
        for (Fields port : spec.objects("ports")) {
            Integer number = port.number("port", 1, 65535);
            if (number == null && !port.has("port")) {
                port.error("port", "is missing");
            }
            String name = port.text("name", "");
            String target = port.numberOrText("targetPort");
            boolean tcp = port.text("protocol", "TCP").equals("TCP");
            String protocol = port.text("appProtocol", "");
            port.known("nodePort").finish();
            if (target != null && PortText.parse(target) < 0 && !isPortName(target)) {
                port.error("targetPort", "\"" + target + "\" is neither a port (1 to 65535) nor a port's name");
            }
            if (number == null || !tcp) {
                continue;
            }
            if (!seen.add(number)) {
                port.error("port", "TCP port " + number + " is given twice: remove one");
            }
            ports.add(new ServiceResource.Port(
                    name,
                    number,
                    target == null || target.equals("0") ? String.valueOf(number) : target,
                    AppProtocols.of(protocol, name)));
        }
        return List.copyOf(ports);
    }

    // IANA_SVC_NAME: at most 15 of a-z, 0-9 and '-', with a letter.
    private static boolean isPortName(String text) {
        boolean name = text.length() <= 15
                && NameGrammar.isDnsLabel(text)
                && text.chars().anyMatch(c -> c >= 'a' && c <= 'z');
        return name || text.equals("0");
    }

    private static IPFamilies families(Fields spec, List<ByteString> clusterIps) {
        boolean v4 = clusterIps.stream().anyMatch(address -> address.size() == 4);
        boolean v6 = clusterIps.stream().anyMatch(address -> address.size() == 16);
        for (Fields.Text text : spec.texts("ipFamilies")) {
            v4 |= text.value().equals("IPv4");
            v6 |= text.value().equals("IPv6");
            if (!text.value().equals("IPv4") && !text.value().equals("IPv6")) {
                spec.error("ipFamilies", "\"" + text.value() + "\" is not one of IPv4, IPv6");
            }
        }
        if (v4 && v6) {
            return IPFamilies.DUAL;
        }
        return v4 ? IPFamilies.IPV4_ONLY : v6 ? IPFamilies.IPV6_ONLY : IPFamilies.AUTOMATIC;
    }
}

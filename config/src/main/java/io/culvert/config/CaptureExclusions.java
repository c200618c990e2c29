package io.culvert.config;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Ports and blocks of addresses that a pod's annotations take out of capture. Immutable. */
record CaptureExclusions(List<Integer> inboundPorts, List<Integer> outboundPorts, List<String> outboundCidrs) {
    static final String INBOUND_PORTS = "culvert.io/exclude-inbound-ports";
    static final String OUTBOUND_PORTS = "culvert.io/exclude-outbound-ports";
    static final String OUTBOUND_CIDRS = "culvert.io/exclude-outbound-cidrs";

    /** Reads the annotations; one with a fault excludes nothing. */
    static CaptureExclusions read(Fields root, Meta meta) {
        return new CaptureExclusions(
                ports(root, meta, INBOUND_PORTS), ports(root, meta, OUTBOUND_PORTS), cidrs(root, meta));
    }

    private static List<Integer> ports(Fields root, Meta meta, String annotation) {
        TreeSet<Integer> ports = new TreeSet<>();
        for (String element : Annotations.elements(meta.annotations().getOrDefault(annotation, ""))) {
            int port = PortText.parse(element);
            if (port < 0) {
                Annotations.error(
                        root,
                        annotation,
                        "\"" + element + "\" is no port: use 1 to 65535, separated by commas; nothing is excluded");
                return List.of();
            }
            ports.add(port);
        }
        return List.copyOf(ports);
    }

    private static List<String> cidrs(Fields root, Meta meta) {
        List<String> cidrs = new ArrayList<>();
        for (String element : Annotations.elements(meta.annotations().getOrDefault(OUTBOUND_CIDRS, ""))) {
            Cidr cidr = Cidr.parse(element);
            if (cidr == null) {
                Annotations.error(
                        root,
                        OUTBOUND_CIDRS,
                        "\"" + element + "\" is no CIDR: use address/length, separated by commas; nothing is excluded");
                return List.of();
            }
            cidrs.add(cidr.toString());
        }
        return List.copyOf(cidrs);
    }
}

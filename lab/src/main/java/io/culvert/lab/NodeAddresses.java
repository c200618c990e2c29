package io.culvert.lab;

import java.util.List;

/** The addresses of a node and of its pods. Immutable. */
record NodeAddresses(String v4, String v6, Cidr pods4, Cidr pods6) {
    private static final int GATEWAY = 1;
    private static final int FIRST_POD = 2;

    /** What the node asks for with spec.podCIDRs, and otherwise ranges by its {@code index}, counted from 1. */
    static NodeAddresses of(Resource node, int index) {
        List<Cidr> asked =
                node.tree().strings("spec", "podCIDRs").stream().map(Cidr::of).toList();
        return new NodeAddresses(
                "172.30.0." + index,
                "fd00:30::" + Integer.toHexString(index),
                asked.stream().filter(c -> !c.v6()).findFirst().orElseGet(() -> Cidr.of("10.244." + index + ".0/24")),
                asked.stream()
                        .filter(Cidr::v6)
                        .findFirst()
                        .orElseGet(() -> Cidr.of("fd00:10:244:" + Integer.toHexString(index) + "::/64")));
    }

    String gateway4() {
        return pods4.address(GATEWAY);
    }

    String gateway6() {
        return pods6.address(GATEWAY);
    }

    /** IPv4 and IPv6 address of the pod {@code ordinal}, counted from 0. */
    List<String> pod(int ordinal) {
        return List.of(pods4.address(FIRST_POD + ordinal), pods6.address(FIRST_POD + ordinal));
    }
}

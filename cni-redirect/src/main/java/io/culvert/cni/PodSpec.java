package io.culvert.cni;

import io.culvert.proto.node.ExistingConnections;
import io.culvert.proto.node.PodExtension;
import io.culvert.proto.node.Probe;
import java.net.InetAddress;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A pod of this node as the control plane wants it. Immutable.
 *
 * @param uid uid of the workload, the key everywhere
 * @param podUid metadata.uid: another one under the same name is another pod; "" when unknown
 * @param enrolled whether labels opt it in
 * @param notEnrolledReason why not; "" when enrolled
 * @param existingConnections what happens to connections that were open before enrolment
 * @param drainSeconds with DRAIN: after how long they are reset
 * @param nodeAddresses addresses of the pod's node, from which kubelet probes come
 */
public record PodSpec(
        String uid,
        String podUid,
        String namespace,
        String name,
        String serviceAccount,
        boolean enrolled,
        String notEnrolledReason,
        ExistingConnections existingConnections,
        int drainSeconds,
        List<Probe> probes,
        Excludes excludes,
        List<InetAddress> nodeAddresses) {
    public PodSpec {
        probes = List.copyOf(probes);
        nodeAddresses = List.copyOf(nodeAddresses);
    }

    /**
     * A pod from what the workload API says of it.
     *
     * @throws IllegalArgumentException when a port, block or address is malformed; the message names it
     */
    public static PodSpec of(String uid, String namespace, String name, String serviceAccount, PodExtension extension) {
        return new PodSpec(
                uid,
                extension.getPodUid(),
                namespace,
                name,
                serviceAccount,
                extension.getEnrolled(),
                extension.getNotEnrolledReason(),
                extension.getExistingConnections(),
                extension.getDrainSeconds(),
                extension.getProbesList(),
                new Excludes(
                        new TreeSet<>(extension.getExcludeInboundPortsList()),
                        new TreeSet<>(extension.getExcludeOutboundPortsList()),
                        extension.getExcludeOutboundCidrsList().stream()
                                .map(Cidr::parse)
                                .toList()),
                extension.getNodeAddressesList().stream()
                        .map(InetAddress::ofLiteral)
                        .toList());
    }

    /** The inverse of {@link #of}; whether NetworkPolicies select the pod is not kept. */
    PodExtension toExtension() {
        PodExtension.Builder builder = PodExtension.newBuilder()
                .setPodUid(podUid)
                .setEnrolled(enrolled)
                .setNotEnrolledReason(notEnrolledReason)
                .setExistingConnections(existingConnections)
                .setDrainSeconds(drainSeconds)
                .addAllProbes(probes)
                .addAllExcludeInboundPorts(excludes.inboundPorts())
                .addAllExcludeOutboundPorts(excludes.outboundPorts());
        excludes.outboundCidrs().forEach(block -> builder.addExcludeOutboundCidrs(block.toString()));
        nodeAddresses.forEach(address -> builder.addNodeAddresses(address.getHostAddress()));
        return builder.build();
    }

    /** Declared TCP probe ports: node addresses reach them without the proxy. */
    public SortedSet<Integer> tcpProbePorts() {
        TreeSet<Integer> ports = new TreeSet<>();
        for (Probe probe : probes) {
            if (probe.getKind() == Probe.Kind.TCP) {
                ports.add(probe.getPort());
            }
        }
        return ports;
    }

    /** "namespace/name", as people call it. */
    public String displayName() {
        return namespace + "/" + name;
    }
}

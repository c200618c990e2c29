package io.culvert.core.mesh;

import java.util.List;

/**
 * What the controller says of a pod to the agent of its node (extension {@code culvert.io/pod}). Immutable.
 *
 * @param notEnrolledReason why not, "" when enrolled
 * @param drainSeconds with {@link ExistingConnections#DRAIN} only
 * @param networkPolicy a NetworkPolicy selects the pod: no same-node short cut
 * @param nodeAddresses of the pod's node, where kubelet probes come from
 * @param podUid metadata.uid: another one under the same name is another pod
 */
public record PodInfo(
        boolean enrolled,
        String notEnrolledReason,
        ExistingConnections existingConnections,
        int drainSeconds,
        List<Probe> probes,
        List<Integer> excludeInboundPorts,
        List<Integer> excludeOutboundPorts,
        List<Cidr> excludeOutboundCidrs,
        boolean networkPolicy,
        List<Ip> nodeAddresses,
        String podUid) {
    public PodInfo {
        probes = List.copyOf(probes);
        excludeInboundPorts = List.copyOf(excludeInboundPorts);
        excludeOutboundPorts = List.copyOf(excludeOutboundPorts);
        excludeOutboundCidrs = List.copyOf(excludeOutboundCidrs);
        nodeAddresses = List.copyOf(nodeAddresses);
    }

    /** What happens to connections that were open before enrolment. */
    public enum ExistingConnections {
        KEEP,
        DRAIN,
        RESET
    }

    /**
     * A declared probe.
     *
     * @param path HTTP: the declared path with query; GRPC: the declared service; TCP: ""
     */
    public record Probe(Kind kind, int port, String path) {
        /** What the kubelet speaks. */
        public enum Kind {
            TCP,
            HTTP,
            GRPC
        }
    }
}

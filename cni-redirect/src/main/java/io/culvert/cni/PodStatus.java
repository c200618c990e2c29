package io.culvert.cni;

import io.culvert.proto.node.PodReport;

/**
 * One pod of this node for status and admin. Immutable.
 *
 * @param uid workload uid; "" while the control plane has not told of the pod
 * @param phase what is being done with it, in one word
 * @param state what was reported last
 * @param reason why it is not enabled, or what limits its capture
 * @param netns path of its namespace
 * @param unproxied connections from before enrolment
 * @param healed how often something of it was repaired
 */
public record PodStatus(
        String uid,
        String namespace,
        String name,
        String phase,
        PodReport.State state,
        String reason,
        String netns,
        int unproxied,
        long healed) {}

package io.culvert.cni;

import io.culvert.proto.node.PodReport;

/** Where the state of each pod is told (control plane, status). Any thread; no call blocks; the last report counts. */
public interface PodReporter {
    /**
     * @param uid the workload uid of the pod ({@link PodSpec#uid})
     * @param reason why it is not ENABLED, or what limits the capture although it is; "" when there is nothing to say
     * @param unproxied connections from before enrolment, which escape policy
     */
    void report(String uid, PodReport.State state, String reason, int unproxied);

    /** The pod is gone from this node: nothing is reported about it any more. */
    default void forget(String uid) {}
}

package io.culvert.ztunnel;

import io.culvert.core.mesh.Workload;

/** What a decision asks about pods of this node. Any thread. */
interface LocalPods {
    /** Whether the pod is served by this proxy now, so that a socket can be made in its namespace. */
    boolean isServedHere(Workload workload);

    /** Whether this node holds a certificate for the workload's identity that holds now. */
    boolean hasCredentials(Workload workload);
}

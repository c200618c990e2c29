package io.culvert.controlplane.ca;

import io.culvert.identity.SpiffeId;

/** Says where identities run, from the compiled mesh. Any thread. */
@FunctionalInterface
public interface IdentityGate {
    /** Whether a pod of this identity runs on this node now. */
    boolean runsOn(SpiffeId id, String node);
}

package io.culvert.agent;

import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.SpiffeId;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the identities of this node's pods in the credential source: from the moment a pod is known as opted in, so
 * that its certificate is there before its first connection, until it is neither opted in nor proxied any more. Any
 * thread; changes are serialised.
 */
final class LocalIdentities {
    private final CredentialSource credentials;
    private final MeshStore store;
    private final String node;
    private final Predicate<String> proxied;
    private final Map<String, SpiffeId> retained = new HashMap<>();

    /** {@code proxied} tells by uid whether a proxy still serves the pod; {@link #refresh} is called when it stops. */
    LocalIdentities(CredentialSource credentials, MeshStore store, String node, Predicate<String> proxied) {
        this.credentials = credentials;
        this.store = store;
        this.node = node;
        this.proxied = proxied;
        store.addListener(this::onChanged);
    }

    private synchronized void onChanged(MeshState before, MeshState after, MeshDelta delta) {
        for (String uid : delta.workloads()) {
            update(uid, after.workload(uid));
        }
    }

    /** Looks at one pod again. */
    synchronized void refresh(String uid) {
        update(uid, store.current().workload(uid));
    }

    private void update(String uid, @Nullable Workload workload) {
        SpiffeId before = retained.get(uid);
        SpiffeId now = before;
        if (workload != null && workload.node().equals(node)) {
            now = isWanted(workload) || (before != null && proxied.test(uid)) ? workload.identity() : null;
        } else if (before != null && !proxied.test(uid)) {
            now = null;
        }
        if (now == null ? before == null : now.equals(before)) {
            return;
        }
        // The new one first: the same key under another pod is not made anew.
        if (now != null) {
            retained.put(uid, now);
            credentials.retain(now);
        } else {
            retained.remove(uid);
        }
        if (before != null) {
            credentials.release(before);
        }
    }

    private static boolean isWanted(Workload workload) {
        PodInfo pod = workload.pod();
        return pod == null ? workload.hbone() && workload.isPod() : pod.enrolled();
    }
}

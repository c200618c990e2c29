package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.util.concurrent.CompletionStage;

/**
 * The proxy of captured pods, as the capture side sees it. Any thread; no call blocks. A stage that fails is retried
 * by the caller, its message becomes the pod's reported reason.
 */
public interface PodProxy {
    /**
     * Binds the pod's listeners (15001, 15006, 15008) in its namespace; the stage completes when they accept. For a pod
     * that listens already it is a no-op that takes over a changed {@code pod}; with another namespace the old
     * listeners are closed and new ones bound. A pod that is draining is taken back.
     *
     * @param namespace stays open until the stage of {@link #stop} for this pod has completed; owned by the caller
     */
    CompletionStage<Void> start(PodSpec pod, NetworkNamespace namespace);

    /**
     * Stops the pod's proxy. Graceful: no new captured connections are expected, 15008 is kept until its streams have
     * ended or the proxy's own drain limit; the stage completes when the listeners are closed. Immediate: the pod is
     * gone, everything is closed now. Idempotent; an unknown pod completes at once.
     */
    CompletionStage<Void> stop(String uid, boolean immediate);

    /** Whether all listeners of the pod are bound and accepting in the namespace given last. */
    boolean listening(String uid);

    /** Connections of the pod that the proxy holds now, both directions; 0 for an unknown pod. */
    int openConnections(String uid);
}

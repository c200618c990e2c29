package io.culvert.agent;

import io.culvert.cni.PodProxy;
import io.culvert.cni.PodSpec;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import io.culvert.ztunnel.NodeProxy;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The node proxy as the capture side sees it. Any thread. */
final class CapturedPods implements PodProxy {
    private final NodeProxy proxy;
    private final MeshStore store;
    private final TrustDomain trustDomain;
    private final Consumer<String> onStopped;

    /** {@code onStopped} is told the uid of each pod that is served no more. */
    CapturedPods(NodeProxy proxy, MeshStore store, TrustDomain trustDomain, Consumer<String> onStopped) {
        this.proxy = proxy;
        this.store = store;
        this.trustDomain = trustDomain;
        this.onStopped = onStopped;
    }

    @Override
    public CompletionStage<Void> start(PodSpec pod, NetworkNamespace namespace) {
        return proxy.start(pod.uid(), identity(pod), namespace);
    }

    @Override
    public CompletionStage<Void> stop(String uid, boolean immediate) {
        return proxy.stop(uid, immediate).whenComplete((_, _) -> onStopped.accept(uid));
    }

    @Override
    public boolean listening(String uid) {
        return proxy.listening(uid);
    }

    @Override
    public int openConnections(String uid) {
        return proxy.openConnections(uid);
    }

    private SpiffeId identity(PodSpec pod) {
        Workload workload = store.current().workload(pod.uid());
        return workload != null
                ? workload.identity()
                : SpiffeId.forServiceAccount(trustDomain, pod.namespace(), pod.serviceAccount());
    }
}

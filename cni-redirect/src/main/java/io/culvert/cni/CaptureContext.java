package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;

/** What the pods of a controller share. Any thread. */
record CaptureContext(
        CaptureSettings settings,
        CaptureScheduler scheduler,
        RuleBackend backend,
        PodProxy proxy,
        PodReporter reporter,
        CaptureCounters counters,
        PodNamespaces namespaces,
        PodCgroups cgroups,
        Owner owner) {
    /** The controller, as its pods see it; calls come from workers. */
    interface Owner {
        /** Something of a pod changed that must survive the agent: written when the call returns. */
        void changed();

        /** The pod has been cleaned up. */
        void gone(PodCapture pod);

        /** Removes what the backend called {@code name} has in the namespace: that of an agent before us. */
        void removeForeign(String name, NetworkNamespace namespace) throws CaptureException;
    }
}

package io.culvert.core.telemetry;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection as labels tell it; null is rendered as {@code unknown}. Immutable: make one per workload and
 * keep it, records of connections point to it.
 *
 * @param workload owner of the pod (deployment, ...): label {@code *_workload}
 * @param podName name of the pod, for the access log
 * @param principal SPIFFE ID; of a source only when the connection proved it
 */
public record Peer(
        @Nullable String workload,
        @Nullable String podName,
        @Nullable String namespace,
        @Nullable String canonicalService,
        @Nullable String canonicalRevision,
        @Nullable String app,
        @Nullable String version,
        @Nullable String cluster,
        @Nullable String principal) {
    /** An end that the mesh state does not know. */
    public static final Peer UNKNOWN = new Peer(null, null, null, null, null, null, null, null, null);

    /** The same end with the identity that the connection proved (null: none). */
    public Peer withPrincipal(@Nullable String proved) {
        return new Peer(
                workload, podName, namespace, canonicalService, canonicalRevision, app, version, cluster, proved);
    }

    /** Hash of what is a label: the pod's name is not. */
    int labelHash() {
        int h = Objects.hashCode(workload);
        h = h * 31 + Objects.hashCode(namespace);
        h = h * 31 + Objects.hashCode(canonicalService);
        h = h * 31 + Objects.hashCode(canonicalRevision);
        h = h * 31 + Objects.hashCode(cluster);
        return h * 31 + Objects.hashCode(principal);
    }

    boolean sameLabels(Peer o) {
        return Objects.equals(workload, o.workload)
                && Objects.equals(namespace, o.namespace)
                && Objects.equals(canonicalService, o.canonicalService)
                && Objects.equals(canonicalRevision, o.canonicalRevision)
                && Objects.equals(app, o.app)
                && Objects.equals(version, o.version)
                && Objects.equals(cluster, o.cluster)
                && Objects.equals(principal, o.principal);
    }
}

package io.culvert.cni;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * How the capture side of an agent behaves. Immutable.
 *
 * @param stateDirectory exists, is writable and survives a restart of the agent
 * @param announce how long peers are given to learn that a pod speaks plain TCP again before it does
 * @param reconcile how often each pod's rules, namespace and listeners are looked at
 * @param proxyTimeout after which a proxy that has not bound its listeners has failed
 * @param addTimeout how long a CNI ADD may wait for the control plane and for enrolment
 * @param exemptNamespaces Kubernetes namespaces whose pods start although the control plane does not know them: what the
 *     control plane itself needs to run
 */
public record CaptureSettings(
        Path stateDirectory,
        Duration announce,
        Duration reconcile,
        Duration proxyTimeout,
        Duration addTimeout,
        Set<String> exemptNamespaces) {
    public CaptureSettings {
        exemptNamespaces = Set.copyOf(exemptNamespaces);
    }

    /** What the agent ships with: 2 s, 2 s, 10 s, 20 s, kube-system. */
    public static CaptureSettings defaults(Path stateDirectory) {
        return new CaptureSettings(
                stateDirectory,
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                Set.of("kube-system"));
    }
}

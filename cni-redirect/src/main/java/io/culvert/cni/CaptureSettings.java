package io.culvert.cni;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * How the capture side of an agent behaves. Immutable.
 *
 * @param stateDirectory exists, is writable and survives a restart of the agent
 * @param announce how long peers are given to learn that a pod speaks plain TCP again before it does
 * @param reconcile how often each pod's namespace and listeners are looked at, and its rules and routes if the kernel has
 *     told of a change there; the rules of iptables-legacy always, since it tells of none
 * @param fullCheck how old the last reading of a pod's rules and routes may be before they are read again, although
 *     nothing was told: what no event tells of is found after this time at the latest
 * @param proxyTimeout after which a proxy that has not bound its listeners has failed
 * @param addTimeout how long a CNI ADD may wait for the control plane and for enrolment
 * @param exemptNamespaces Kubernetes namespaces whose pods start although the control plane does not know them: what the
 *     control plane itself needs to run
 */
public record CaptureSettings(
        Path stateDirectory,
        Duration announce,
        Duration reconcile,
        Duration fullCheck,
        Duration proxyTimeout,
        Duration addTimeout,
        Set<String> exemptNamespaces) {
    public CaptureSettings {
        exemptNamespaces = Set.copyOf(exemptNamespaces);
    }

    /** What the agent ships with: 2 s, 2 s, 30 s, 10 s, 20 s, kube-system. */
    public static CaptureSettings defaults(Path stateDirectory) {
        return new CaptureSettings(
                stateDirectory,
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                Set.of("kube-system"));
    }
}

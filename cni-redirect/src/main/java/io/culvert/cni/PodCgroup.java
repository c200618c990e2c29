package io.culvert.cni;

/**
 * A pod's own cgroup in the unified hierarchy. Immutable.
 *
 * <p>Why it matters: the rules let sockets with the proxy's mark 0x539 pass, but since Linux 5.17 any process with
 * CAP_NET_RAW, which container runtimes grant by default, may set that mark (and 0x111). A rule that matches sockets
 * created inside the pod's cgroup captures them whatever their mark, while the agent, which is in another cgroup,
 * passes. Matching the socket's user does not help: the agent and the pod may both be uid 0.
 *
 * <p>Limits, also with the cgroup: CAP_NET_RAW lets a process write whole frames through AF_PACKET, below every
 * netfilter hook; only dropping the capability (Pod Security "restricted") closes that. What arrives at a peer that is
 * in the mesh is checked there in any case.
 *
 * @param mountPath path below /sys/fs/cgroup, as nft resolves it ("unified/kubepods/pod1" on a hybrid host)
 * @param path path below the root of the unified hierarchy, as the kernel resolves it for iptables, no leading slash
 */
public record PodCgroup(String mountPath, String path) {
    public PodCgroup {
        for (String part : new String[] {mountPath, path}) {
            if (!part.matches("[A-Za-z0-9_.:@/-]+") || part.startsWith("/") || part.contains("..")) {
                throw new IllegalArgumentException("\"" + part + "\" is no cgroup path that a rule can name");
            }
        }
    }

    /** Depth below the root of the hierarchy: 1 for "a", 2 for "a/b". */
    int level() {
        return (int) path.chars().filter(c -> c == '/').count() + 1;
    }
}

package io.culvert.cni;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * What is to be captured in one pod's namespace. Immutable.
 *
 * @param tcpProbePorts ports that {@code nodeAddresses} reach without the proxy: a redirected handshake would succeed
 *     with the app dead
 * @param cgroup the pod's own cgroup v2, by which processes are captured that forge the proxy's mark; null when the
 *     node gives no such handle, see {@link PodCgroup}
 * @param dnsCapture modelled, but refused by {@link RuleSet#of} until there is a DNS proxy
 */
public record CaptureSpec(
        Excludes excludes,
        SortedSet<Integer> tcpProbePorts,
        List<Cidr> nodeAddresses,
        @Nullable PodCgroup cgroup,
        boolean dnsCapture) {
    /** Everything captured, nothing known. */
    public static final CaptureSpec ALL =
            new CaptureSpec(Excludes.NONE, Ports.checked(List.of()), List.of(), null, false);

    public CaptureSpec {
        tcpProbePorts = Ports.checked(tcpProbePorts);
        nodeAddresses = nodeAddresses.stream().distinct().sorted().toList();
    }

    /** What {@code pod} asks for. */
    static CaptureSpec of(PodSpec pod, @Nullable PodCgroup cgroup) {
        return new CaptureSpec(pod.excludes(), pod.tcpProbePorts(), cidrs(pod.nodeAddresses()), cgroup, false);
    }

    private static List<Cidr> cidrs(Collection<InetAddress> addresses) {
        return addresses.stream().map(Cidr::of).toList();
    }
}

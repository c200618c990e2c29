package io.culvert.cni;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** What of a pod's traffic is not captured, from its validated annotations. Immutable; sorted, so that equal is equal. */
public record Excludes(SortedSet<Integer> inboundPorts, SortedSet<Integer> outboundPorts, List<Cidr> outboundCidrs) {
    public static final Excludes NONE = new Excludes(new TreeSet<>(), new TreeSet<>(), List.of());

    public Excludes {
        inboundPorts = Ports.checked(inboundPorts);
        outboundPorts = Ports.checked(outboundPorts);
        outboundCidrs = outboundCidrs.stream().distinct().sorted().toList();
    }
}

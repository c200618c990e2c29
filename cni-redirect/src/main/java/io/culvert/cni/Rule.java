package io.culvert.cni;

import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * One rule of the model: a packet that meets all matches is treated by the action. Immutable.
 *
 * @param family null: both
 */
record Rule(Chain chain, @Nullable Family family, List<Match> matches, Action action) {
    Rule {
        matches = List.copyOf(matches);
    }

    boolean concerns(Family one) {
        return family == null || family == one;
    }

    /** A condition on a packet. Those on TCP imply the protocol. */
    sealed interface Match {
        record Tcp() implements Match {}

        record Udp() implements Match {}

        /**
         * The first packet of a TCP connection. In a namespace without conntrack so far, packets of established
         * connections look new; without this they would be redirected and reset.
         */
        record Syn() implements Match {}

        record TcpPorts(SortedSet<Integer> ports) implements Match {}

        record NotTcpPort(int port) implements Match {}

        record UdpPort(int port) implements Match {}

        record UdpSourcePort(int port) implements Match {}

        record Source(List<Cidr> any) implements Match {}

        record Destination(List<Cidr> any) implements Match {}

        record NotDestination(Cidr one) implements Match {}

        /** An address of this namespace: what is only forwarded through it (VPN pods) is not the pod's traffic. */
        record LocalDestination() implements Match {}

        record NotOutInterface(String name) implements Match {}

        record Mark(int value) implements Match {}

        record NotMark(int value) implements Match {}

        record ConnMark(int value) implements Match {}

        record InCgroup(PodCgroup cgroup) implements Match {}
    }

    /** What is done with a packet. */
    sealed interface Action {
        /** Leave the chain, unchanged. */
        record Accept() implements Action {}

        record Redirect(int port) implements Action {}

        /** Marks the connection, within {@link io.culvert.core.linux.MeshSockets#MARK_MASK}. */
        record SetConnMark(int value) implements Action {}

        /** Copies the connection's mark to the packet, whole. */
        record RestoreMark() implements Action {}

        record Zone(int zone) implements Action {}
    }
}

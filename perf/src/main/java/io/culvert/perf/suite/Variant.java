package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.lab.LabPod;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * One way from a client's pod to a server's. Immutable.
 *
 * @param topology {@code tunnel}, {@code relay}, {@code same-node} or {@code waypoint}
 * @param name {@code direct}, {@code culvert} or a peer
 * @param host the address that the client asks for
 * @param pids processes whose time and memory count, the client's side first
 * @param serves by port
 * @param agents whose counters must agree with the load; empty unless it is the mesh
 * @param waypoint that the mesh's requests pass, or null
 */
record Variant(
        String topology,
        String name,
        LabPod client,
        LabPod server,
        String host,
        List<Long> pids,
        IntPredicate serves,
        List<AgentProcess> agents,
        @Nullable Waypoint waypoint) {
    Variant {
        pids = List.copyOf(pids);
        agents = List.copyOf(agents);
    }

    /** A way whose client asks for the server's own address. */
    Variant(
            String topology,
            String name,
            LabPod client,
            LabPod server,
            List<Long> pids,
            IntPredicate serves,
            List<AgentProcess> agents) {
        this(topology, name, client, server, server.ip4(), pids, serves, agents, null);
    }

    boolean isMesh() {
        return !agents.isEmpty();
    }
}

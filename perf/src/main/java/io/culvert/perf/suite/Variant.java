package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.lab.LabPod;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * One way from a client's pod to a server's. Immutable.
 *
 * @param topology {@code tunnel}, {@code relay} or {@code same-node}
 * @param name {@code direct}, {@code culvert} or a peer
 * @param pids processes whose time and memory count, the client's side first
 * @param serves by port
 * @param agents whose counters must agree with the load; empty unless it is the mesh
 */
record Variant(
        String topology,
        String name,
        LabPod client,
        LabPod server,
        List<Long> pids,
        IntPredicate serves,
        List<AgentProcess> agents) {
    Variant {
        pids = List.copyOf(pids);
        agents = List.copyOf(agents);
    }

    boolean isMesh() {
        return !agents.isEmpty();
    }
}

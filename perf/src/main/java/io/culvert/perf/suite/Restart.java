package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.lab.LabPod;
import java.io.IOException;
import java.time.Duration;

/**
 * What a probe saw around one stop and start of an agent. Immutable.
 *
 * @param acceptedSeconds from the start to the first connection of a pod that was accepted
 * @param echoedSeconds from the start to the first byte that came back
 * @param leaked whether a byte came back while the agent was away
 */
record Restart(double acceptedSeconds, double echoedSeconds, boolean leaked) {
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Ends {@code agent}, by SIGKILL if {@code kill}, and starts it; blocks until a byte comes back again. */
    static Restart measure(AgentProcess agent, LabPod client, LabPod server, boolean kill) throws IOException {
        if (kill) {
            agent.kill();
        } else {
            agent.stop(GRACE);
        }
        try (ProbeLog probe = ProbeLog.start(client, server)) {
            String whileDead = probe.awaitFirst(GRACE).outcome();
            long started = System.currentTimeMillis();
            agent.start();
            ProbeLog.Change echoed = probe.await("echoed", started, PATIENCE);
            ProbeLog.Change accepted = probe.firstServedAfter(started);
            return new Restart(
                    (accepted.epochMillis() - started) / 1000.0,
                    (echoed.epochMillis() - started) / 1000.0,
                    whileDead.equals("echoed"));
        }
    }
}

package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.perf.load.Marks;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An agent ended by SIGKILL under load: its pods fail closed meanwhile, and it serves again soon after its restart. The
 * client's agent is killed for what leaves a pod, then the server's for what enters one.
 */
final class Kill implements Suite {
    static final String NAME = "kill";
    static final String TUNNEL = "tunnel";
    /** What each kill took. */
    static final String EACH = "kill";
    /** What all kills together let through: a median over kills would hide the one that did. */
    static final String ALL = "every kill";

    static final String SERVED = "start_to_first_byte_s";
    static final String OUTBOUND = "outbound_let_through";
    static final String INBOUND = "plaintext_let_in";

    private static final String MESH = "culvert";
    private static final int TIMES = 3;
    private static final int CONNECTIONS = 16;
    private static final double LOAD_SECONDS = 4;
    private static final Load LOAD = Load.echo(500, CONNECTIONS);
    private static final Duration FLOWS = Duration.ofSeconds(10);
    private static final Duration READY = Duration.ofSeconds(30);
    private static final Duration TRIES = Duration.ofSeconds(10);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        List<Round> rounds = new ArrayList<>();
        try (Cluster cluster = session.cluster(List.of(), Map.of());
                LoadProgram program = LoadProgram.drive()) {
            Variant way = QuietAndNot.way(cluster);
            for (int i = 0; i < TIMES; i++) {
                Restart restart = outbound(way, program);
                boolean letIn = inboundLeak(cluster, way);
                rounds.add(round(i, restart, letIn));
                session.say(String.format(
                        Locale.ROOT,
                        "kill %d/%d: accepted after %.2f s, first byte after %.2f s%s%s",
                        i + 1,
                        TIMES,
                        restart.acceptedSeconds(),
                        restart.echoedSeconds(),
                        restart.leaked() ? ", LET OUT while dead" : "",
                        letIn ? ", LET IN while dead" : ""));
            }
        }
        return series(rounds);
    }

    private static Round round(int rotation, Restart restart, boolean letIn) {
        SortedMap<String, Double> values = new TreeMap<>();
        values.put("start_to_accepted_s", restart.acceptedSeconds());
        values.put(SERVED, restart.echoedSeconds());
        values.put(OUTBOUND, restart.leaked() ? 1.0 : 0.0);
        values.put(INBOUND, letIn ? 1.0 : 0.0);
        return new Round(rotation, "", values, new TreeMap<>());
    }

    /** Each kill by itself, and what they let through together. */
    static List<Series> series(List<Round> rounds) {
        return List.of(
                new Series(NAME, EACH, TUNNEL, MESH, rounds),
                new Series(
                        NAME,
                        ALL,
                        TUNNEL,
                        MESH,
                        List.of(new Round(
                                0,
                                "",
                                new TreeMap<>(Map.of(OUTBOUND, sum(rounds, OUTBOUND), INBOUND, sum(rounds, INBOUND))),
                                new TreeMap<>()))));
    }

    private static double sum(List<Round> rounds, String metric) {
        return rounds.stream()
                .mapToDouble(round -> round.values().getOrDefault(metric, 0.0))
                .sum();
    }

    /** Kills the client's agent while requests flow, and starts it again. */
    private static Restart outbound(Variant way, LoadProgram program) throws IOException {
        AgentProcess agent = way.agents().getFirst();
        // Agents that are ready may not know of each other's pods yet, and the load opens each connection once.
        try (ProbeLog probe = ProbeLog.start(way.client(), way.server())) {
            probe.await("echoed", 0, READY);
        }
        program.begin(LOAD.order(way, 0, LOAD_SECONDS));
        // The kill must hit flowing traffic: all connections of the load are the agent's.
        Waits.until("the load flows through the client's agent", FLOWS, () -> flows(agent));
        Restart restart = Restart.measure(agent, way.client(), way.server(), true);
        program.answer(Marks.NONE);
        Waits.until("the client's agent is ready", READY, agent::ready);
        return restart;
    }

    private static boolean flows(AgentProcess agent) {
        return agent.admin("/connections").split(":" + Ports.ECHO + "\"", -1).length > CONNECTIONS;
    }

    /** Kills the server's agent, tries from outside of the mesh, and starts the agent again. */
    private static boolean inboundLeak(Cluster cluster, Variant way) {
        AgentProcess agent = way.agents().getLast();
        agent.kill();
        boolean let = cluster.outside()
                .exec(TRIES, "nc", "-z", "-w", "3", way.server().ip4(), Integer.toString(Ports.ECHO))
                .ok();
        agent.start();
        Waits.until("the server's agent is ready", READY, agent::ready);
        return let;
    }
}

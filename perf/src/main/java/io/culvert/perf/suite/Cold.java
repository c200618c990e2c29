package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/** The client's agent ended and started again, its state on disk: when its pods are served again. */
final class Cold implements Suite {
    static final String LOAD = "restart";

    private static final String NAME = "cold";
    private static final String TUNNEL = "tunnel";
    private static final String MESH = "culvert";
    private static final int STARTS = 10;
    private static final int STARTS_QUICK = 3;
    private static final Duration READY = Duration.ofSeconds(30);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        int starts = session.quick() ? STARTS_QUICK : STARTS;
        List<Round> rounds = new ArrayList<>();
        try (Cluster cluster = session.cluster(List.of(), idlePods())) {
            Variant way = cluster.variants(TUNNEL).stream()
                    .filter(Variant::isMesh)
                    .findFirst()
                    .orElseThrow();
            AgentProcess agent = way.agents().getFirst();
            for (int i = 0; i < starts; i++) {
                Restart restart = Restart.measure(agent, way.client(), way.server(), false);
                Waits.until("the agent is ready", READY, agent::ready);
                SortedMap<String, Double> values = new TreeMap<>();
                values.put("start_to_accepted_s", restart.acceptedSeconds());
                values.put("start_to_first_byte_s", restart.echoedSeconds());
                values.put("errors", restart.leaked() ? 1.0 : 0.0);
                rounds.add(new Round(i, "", values, new TreeMap<>()));
                session.say(String.format(
                        Locale.ROOT,
                        "cold %d/%d: accepted after %.2f s, first byte after %.2f s%s",
                        i + 1,
                        starts,
                        restart.acceptedSeconds(),
                        restart.echoedSeconds(),
                        restart.leaked() ? ", LEAKED while away" : ""));
            }
        }
        return List.of(new Series(NAME, LOAD, TUNNEL, MESH, rounds));
    }

    /** As many pods on the agent's node as the footprint's row has. */
    private static SortedMap<String, String> idlePods() {
        SortedMap<String, String> pods = new TreeMap<>();
        for (int i = 1; i <= 18; i++) {
            pods.put("client-" + i, "node-1");
        }
        return pods;
    }
}

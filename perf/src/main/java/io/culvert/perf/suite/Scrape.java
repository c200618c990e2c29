package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;

/** Every agent's metrics read ten times a second under 1,000 requests/s. */
final class Scrape implements Suite {
    private static final String NAME = "scrape";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        try (Cluster cluster = session.cluster(List.of(), new TreeMap<>());
                LoadProgram program = LoadProgram.drive()) {
            List<AgentProcess> agents = QuietAndNot.way(cluster).agents();
            return new QuietAndNot(NAME, session, cluster, program).measure(new QuietAndNot.Disturbance() {
                @Override
                public double every() {
                    return 0.1;
                }

                @Override
                public void step() {
                    agents.forEach(AgentProcess::metrics);
                }
            });
        }
    }
}

package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.util.List;
import java.util.stream.Collectors;

/** The suites beside the plain one. */
final class Suites {
    private static final List<Suite> ALL = List.of(
            new Neighbour(),
            new Idle(),
            new Cold(),
            new Kill(),
            new Churn(),
            new Scrape(),
            new Storm(),
            new Handshakes(),
            new Scale(),
            new WaypointMemory(),
            new CrossCheck());

    private Suites() {}

    static Suite of(String name) {
        return ALL.stream()
                .filter(suite -> suite.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new LabException("no suite " + name + "; there are plain, "
                        + ALL.stream().map(Suite::name).collect(Collectors.joining(", "))));
    }
}

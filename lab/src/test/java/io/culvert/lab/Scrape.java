package io.culvert.lab;

import java.util.stream.Stream;

/** One scrape of an agent's metrics. Immutable. */
record Scrape(String text) {
    static Scrape of(AgentProcess agent) {
        return new Scrape(agent.metrics());
    }

    /** The sum of the samples of {@code name} whose labels have each of {@code labels}, written as {@code name="value"}. */
    double sum(String name, String... labels) {
        return text.lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> Stream.of(labels).allMatch(line::contains))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}

package io.culvert.core.telemetry;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counters of one name, told apart by label values. Keep what {@link #with} returns where it is hot. The values must
 * come from small fixed sets; past {@value #MAX} combinations all further ones share one with the value {@code other}.
 * Any thread.
 */
public final class CounterFamily {
    static final int MAX = 1000;

    private final String[] labelNames;
    private final Map<List<String>, Counter> counters = new ConcurrentHashMap<>();

    CounterFamily(String... labelNames) {
        this.labelNames = labelNames.clone();
    }

    /** The counter of these label values, in the order of the label names. */
    public Counter with(String... values) {
        if (values.length != labelNames.length) {
            throw new IllegalArgumentException("labels are " + List.of(labelNames) + ", got " + List.of(values));
        }
        List<String> key = List.of(values);
        Counter counter = counters.get(key);
        if (counter != null) {
            return counter;
        }
        if (counters.size() >= MAX) {
            String[] other = new String[labelNames.length];
            Arrays.fill(other, "other");
            key = List.of(other);
        }
        return counters.computeIfAbsent(key, k -> new Counter());
    }

    String[] labelNames() {
        return labelNames;
    }

    Map<List<String>, Counter> counters() {
        return counters;
    }
}

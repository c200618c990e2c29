package io.culvert.perf.result;

import java.util.Objects;

/**
 * A place where the agents' own counters and the load that was sent disagree; one is enough for the run to fail.
 *
 * @param series the {@link Series#name()} concerned
 * @param what the counter
 * @param expected what the load makes it
 * @param seen what the agents say
 */
public record Gap(String series, String what, double expected, double seen) {
    public Gap {
        Objects.requireNonNull(series, "series");
        Objects.requireNonNull(what, "what");
    }
}

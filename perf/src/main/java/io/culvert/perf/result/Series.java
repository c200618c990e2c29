package io.culvert.perf.result;

import java.util.List;
import java.util.Objects;

/**
 * All rounds of one variant under one load in one topology. Immutable.
 *
 * @param suite such as {@code plain}
 * @param load such as {@code open-1000}
 * @param topology such as {@code tunnel}
 * @param variant {@code direct}, {@code culvert}, {@code culvert-x25519} or a peer such as {@code haproxy-tls}
 * @param rounds in the order in which they ran
 */
public record Series(String suite, String load, String topology, String variant, List<Round> rounds) {
    public Series {
        Objects.requireNonNull(suite, "suite");
        Objects.requireNonNull(load, "load");
        Objects.requireNonNull(topology, "topology");
        Objects.requireNonNull(variant, "variant");
        rounds = List.copyOf(rounds);
    }

    /** {@code suite/load/topology/variant}. */
    public String name() {
        return suite + "/" + load + "/" + topology + "/" + variant;
    }
}

package io.culvert.config;

import java.util.SortedMap;

/**
 * A PeerAuthentication. Immutable.
 *
 * @param ports modes of single ports of the workload
 */
record PeerAuthenticationResource(
        Meta meta, Selector selector, Mode mode, SortedMap<Integer, Mode> ports, boolean refused)
        implements PolicyResource {
    /** What a workload demands of its peers; named as written. DISABLE is read as PERMISSIVE and reported. */
    enum Mode {
        UNSET,
        DISABLE,
        PERMISSIVE,
        STRICT;

        /** This mode, or the outer one where this one says nothing. */
        Mode within(Mode outer) {
            return this == UNSET ? outer : this;
        }
    }
}

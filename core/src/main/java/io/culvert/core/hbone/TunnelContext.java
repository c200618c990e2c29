package io.culvert.core.hbone;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * What all tunnels of a pool or a server share.
 *
 * @param clock wall time, for certificates
 * @param nanoTime monotonic time, for everything else
 */
record TunnelContext(
        HboneSettings settings,
        TunnelTls tls,
        TunnelEvents events,
        HboneStats stats,
        InstantSource clock,
        LongSupplier nanoTime) {}

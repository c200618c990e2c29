package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Workload;
import io.culvert.waypoint.tunnel.Connector;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What all clusters share. Any thread.
 *
 * @param selfUid of the waypoint's own workload: where it stands decides about localities
 * @param clock nanoseconds, as {@link System#nanoTime}
 */
record Surroundings(
        Loops loops,
        Supplier<MeshState> mesh,
        String selfUid,
        Connector connector,
        ClientCodecs codecs,
        LongSupplier clock,
        RandomGenerator random) {
    @Nullable
    Workload self(MeshState state) {
        return state.workload(selfUid);
    }

    Group.Balancing balancing() {
        return new Group.Balancing(random, clock, loops.size());
    }
}

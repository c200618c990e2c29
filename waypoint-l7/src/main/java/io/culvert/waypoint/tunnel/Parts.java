package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.HbonePool;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.Dialer;
import io.culvert.core.relay.Labels;
import io.culvert.core.relay.RelayTimers;
import io.culvert.core.relay.SocketFactory;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.Telemetry;
import io.culvert.waypoint.WaypointSettings;
import io.culvert.waypoint.cluster.TcpUpstreams;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the connections of a waypoint share. Any thread.
 *
 * @param self this waypoint's own workload, null until the mesh knows it
 * @param random a number from 0 to below its argument, for shares of backends
 */
record Parts(
        WaypointSettings settings,
        Supplier<MeshState> state,
        Supplier<RouteTable> routes,
        Supplier<@Nullable Workload> self,
        HbonePool pool,
        Dialer dialer,
        SocketFactory sockets,
        RelayTimers timers,
        TcpUpstreams upstreams,
        Outgoing outgoing,
        Labels labels,
        Telemetry telemetry,
        IntUnaryOperator random) {}

package io.culvert.waypoint;

import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.hbone.TunnelTls;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.Telemetry;
import io.culvert.identity.CredentialSource;
import io.netty.channel.EventLoopGroup;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What a waypoint works with and does not own. Any thread.
 *
 * @param loops of {@link io.culvert.core.linux.Transport#factory}
 * @param routes the table of the moment; read once for each connection or request
 * @param credentials has the waypoint's own identity
 */
public record WaypointContext(
        EventLoopGroup loops,
        MeshStore store,
        Supplier<RouteTable> routes,
        CredentialSource credentials,
        TunnelTls tls,
        TunnelEvents events,
        Telemetry telemetry,
        InstantSource clock) {}

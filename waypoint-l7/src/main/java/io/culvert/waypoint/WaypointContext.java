package io.culvert.waypoint;

import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.hbone.TunnelTls;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.telemetry.Telemetry;
import io.culvert.identity.CredentialSource;
import io.netty.channel.EventLoopGroup;
import java.time.InstantSource;

/**
 * What a waypoint works with and does not own. Any thread.
 *
 * @param loops of {@link io.culvert.core.linux.Transport#factory}
 * @param credentials has the waypoint's own identity
 */
public record WaypointContext(
        EventLoopGroup loops,
        MeshStore store,
        CredentialSource credentials,
        TunnelTls tls,
        TunnelEvents events,
        Telemetry telemetry,
        InstantSource clock) {}

package io.culvert.agent;

import io.culvert.config.Diagnostic;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.route.RouteTable;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.waypoint.WaypointConnection;
import io.culvert.waypoint.cluster.ClusterStats;
import java.util.List;

/** What the admin pages of a waypoint show. Any thread. */
interface WaypointView {
    WaypointConfig config();

    MeshState state();

    RouteTable routes();

    List<Diagnostic> diagnostics();

    XdsStatus controlPlane();

    List<CredentialStatus> certificates();

    List<WaypointConnection> connections();

    List<ClusterStats> clusters();
}

package io.culvert.agent;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.ztunnel.ConnectionView;
import java.util.List;

/** What the admin pages of an agent show. Any thread. */
interface AgentView {
    AgentConfig config();

    MeshState state();

    XdsStatus controlPlane();

    List<CredentialStatus> certificates();

    List<PodView> pods();

    List<ConnectionView> connections();
}

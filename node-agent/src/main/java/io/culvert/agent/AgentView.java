package io.culvert.agent;

import io.culvert.core.mesh.MeshState;
import io.culvert.identity.CredentialStatus;
import java.util.List;

/** What the admin pages of an agent show. Any thread. */
interface AgentView {
    AgentConfig config();

    MeshState state();

    List<CredentialStatus> certificates();

    List<PodStatus> pods();

    List<OpenConnection> connections();
}

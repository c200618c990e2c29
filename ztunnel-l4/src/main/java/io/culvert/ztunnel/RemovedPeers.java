package io.culvert.ztunnel;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.Workload;
import java.util.HashSet;
import java.util.Set;

/** Which addresses stopped being the HBONE peer that they were, so that tunnels to them must not be used again. */
final class RemovedPeers {
    private RemovedPeers() {}

    static Set<Ip> addresses(MeshState before, MeshState after, MeshDelta delta) {
        Set<Ip> gone = new HashSet<>();
        for (String uid : delta.workloads()) {
            Workload was = before.workload(uid);
            if (was == null || !was.hbone()) {
                continue;
            }
            Workload is = after.workload(uid);
            gone.addAll(was.addresses());
            if (is != null
                    && is.hbone()
                    && is.identity().equals(was.identity())
                    && podUid(is).equals(podUid(was))) {
                is.addresses().forEach(gone::remove);
            }
        }
        return gone;
    }

    private static String podUid(Workload workload) {
        PodInfo pod = workload.pod();
        return pod == null ? "" : pod.podUid();
    }
}

package io.culvert.agent;

import io.culvert.cni.Cidr;
import io.culvert.cni.Excludes;
import io.culvert.cni.PodDirectory;
import io.culvert.cni.PodSpec;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.Workload;
import io.culvert.proto.node.ExistingConnections;
import io.culvert.proto.node.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The pods of this node, read out of the mesh state. Any thread. */
final class NodePods implements PodDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(NodePods.class);

    private final MeshStore store;
    private final String node;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    NodePods(MeshStore store, String node) {
        this.store = store;
        this.node = node;
        store.addListener(this::onChanged);
    }

    @Override
    public List<PodSpec> pods() {
        List<PodSpec> pods = new ArrayList<>();
        for (Workload workload : store.current().localWorkloads(node)) {
            PodInfo pod = workload.pod();
            if (pod != null) {
                try {
                    pods.add(spec(workload, pod));
                } catch (IllegalArgumentException e) {
                    LOG.warn("pod {} cannot be captured as it is configured: {}", workload.uid(), e.getMessage());
                }
            }
        }
        return pods;
    }

    @Override
    public void addListener(Runnable onChanged) {
        listeners.add(onChanged);
    }

    private void onChanged(MeshState before, MeshState after, MeshDelta delta) {
        for (String uid : delta.workloads()) {
            if (isLocal(before.workload(uid)) || isLocal(after.workload(uid))) {
                listeners.forEach(Runnable::run);
                return;
            }
        }
    }

    private boolean isLocal(@Nullable Workload workload) {
        return workload != null && workload.pod() != null && workload.node().equals(node);
    }

    private static PodSpec spec(Workload workload, PodInfo pod) {
        return new PodSpec(
                workload.uid(),
                pod.podUid(),
                workload.namespace(),
                workload.name(),
                workload.serviceAccount(),
                pod.enrolled(),
                pod.notEnrolledReason(),
                ExistingConnections.valueOf(pod.existingConnections().name()),
                pod.drainSeconds(),
                pod.probes().stream().map(NodePods::probe).toList(),
                new Excludes(
                        new TreeSet<>(pod.excludeInboundPorts()),
                        new TreeSet<>(pod.excludeOutboundPorts()),
                        pod.excludeOutboundCidrs().stream()
                                .map(c -> Cidr.parse(c.toString()))
                                .toList()),
                pod.nodeAddresses().stream().map(Ip::toInetAddress).toList());
    }

    private static Probe probe(PodInfo.Probe probe) {
        return Probe.newBuilder()
                .setKind(Probe.Kind.valueOf(probe.kind().name()))
                .setPort(probe.port())
                .setPath(probe.path())
                .build();
    }
}

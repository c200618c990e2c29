package io.culvert.agent;

import io.culvert.cni.PodStatus;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.Workload;
import io.culvert.proto.node.PodReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** Puts together what mesh state, capture and proxy know of each pod of the node. */
final class PodViews {
    private PodViews() {}

    static List<PodView> of(
            MeshState state,
            String node,
            List<PodStatus> captured,
            PodReports reports,
            ToIntFunction<String> connections) {
        Map<String, PodStatus> byUid = new HashMap<>();
        Map<String, PodView> views = new TreeMap<>();
        for (PodStatus status : captured) {
            byUid.put(status.uid(), status);
        }
        for (Workload workload : state.localWorkloads(node)) {
            if (workload.pod() != null || byUid.containsKey(workload.uid())) {
                views.put(workload.uid(), view(workload, byUid.remove(workload.uid()), reports, connections));
            }
        }
        // What CNI announced and the control plane does not tell (any more).
        for (PodStatus status : byUid.values()) {
            views.put(status.namespace() + "/" + status.name(), unknown(status, connections));
        }
        return new ArrayList<>(views.values());
    }

    private static PodView view(
            Workload workload, @Nullable PodStatus status, PodReports reports, ToIntFunction<String> connections) {
        PodReport report = reports.of(workload.uid());
        PodInfo pod = workload.pod();
        PodReport.State state = PodReport.State.NOT_ENROLLED;
        String reason = pod == null ? "" : pod.notEnrolledReason();
        if (report != null) {
            state = report.getState();
            reason = report.getReason().isEmpty() ? reason : report.getReason();
        } else if (pod != null && pod.enrolled()) {
            state = PodReport.State.PENDING;
            reason = "not announced by CNI yet";
        }
        return new PodView(
                workload.uid(),
                workload.namespace(),
                workload.name(),
                workload.serviceAccount(),
                workload.identity().toString(),
                PodView.stateName(state),
                reason,
                status == null ? "" : status.netns(),
                report == null ? 0 : report.getUnproxiedConnections(),
                connections.applyAsInt(workload.uid()),
                status == null ? 0 : status.healed());
    }

    private static PodView unknown(PodStatus status, ToIntFunction<String> connections) {
        return new PodView(
                status.uid(),
                status.namespace(),
                status.name(),
                "",
                "",
                PodView.stateName(status.state()),
                status.reason().isEmpty() ? "the control plane does not know it" : status.reason(),
                status.netns(),
                status.unproxied(),
                connections.applyAsInt(status.uid()),
                status.healed());
    }
}

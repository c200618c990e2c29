package io.culvert.agent;

import io.culvert.cni.PodReporter;
import io.culvert.proto.node.PodReport;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries how the capture of each pod stands to the control plane, and keeps it for status. Any thread. */
final class PodReports implements PodReporter {
    private static final Logger LOG = LoggerFactory.getLogger(PodReports.class);

    private final NodeReporter reporter;
    private final Map<String, PodReport> latest = new TreeMap<>();

    PodReports(NodeReporter reporter) {
        this.reporter = reporter;
    }

    @Override
    public void report(String uid, PodReport.State state, String reason, int unproxied) {
        PodReport report = PodReport.newBuilder()
                .setUid(uid)
                .setState(state)
                .setReason(reason)
                .setUnproxiedConnections(unproxied)
                .build();
        PodReport before;
        synchronized (latest) {
            before = latest.put(uid, report);
        }
        if (before == null || before.getState() != state || !before.getReason().equals(reason)) {
            log(report);
        }
        reporter.report(report);
    }

    @Override
    public void forget(String uid) {
        synchronized (latest) {
            latest.remove(uid);
        }
        reporter.forget(uid);
    }

    /** The last report of each pod, by uid. */
    List<PodReport> all() {
        synchronized (latest) {
            return List.copyOf(latest.values());
        }
    }

    /** The last report of one pod. */
    @Nullable
    PodReport of(String uid) {
        synchronized (latest) {
            return latest.get(uid);
        }
    }

    private static void log(PodReport report) {
        if (report.getState() == PodReport.State.FAILED) {
            LOG.warn("pod {} is not captured: {}", report.getUid(), report.getReason());
        } else {
            LOG.info(
                    "pod {} is {}{}",
                    report.getUid(),
                    PodView.stateName(report.getState()),
                    report.getReason().isEmpty() ? "" : ": " + report.getReason());
        }
    }
}

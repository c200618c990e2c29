package io.culvert.agent;

import io.culvert.cni.PodReporter;
import io.culvert.core.lifecycle.Component;
import io.culvert.proto.node.NodeServiceGrpc;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.ReportPodsRequest;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the control plane how the capture of each pod stands: what changed at once, all of it every few seconds and
 * after each failure, since the controller may have been restarted in between. The last reports are kept for status.
 * Any thread; the calls are made on one virtual thread.
 */
final class PodReports implements PodReporter, Component {
    private static final Logger LOG = LoggerFactory.getLogger(PodReports.class);
    private static final long REPEAT_SECONDS = 5;
    private static final long CALL_SECONDS = 5;
    private static final long RETRY_MILLIS = 500;

    private final Channel channel;
    private final String node;
    private final BooleanSupplier complete;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, PodReport> reports = new TreeMap<>();
    private final TreeSet<String> dirty = new TreeSet<>();
    private boolean closed;
    private @Nullable Thread thread;

    /**
     * Reports over {@code channel}, which proves the node.
     *
     * @param complete whether every pod that this node captured before has been looked at: only then is a list of all
     *     pods called a snapshot, which tells the controller that others are not captured
     */
    PodReports(Channel channel, String node, BooleanSupplier complete) {
        this.channel = channel;
        this.node = node;
        this.complete = complete;
    }

    @Override
    public String name() {
        return "pod reports";
    }

    @Override
    public void start() {
        thread = Thread.ofVirtual().name("pod-reports").start(this::run);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public void report(String uid, PodReport.State state, String reason, int unproxied) {
        PodReport report = PodReport.newBuilder()
                .setUid(uid)
                .setState(state)
                .setReason(reason)
                .setUnproxiedConnections(unproxied)
                .build();
        lock.lock();
        try {
            PodReport before = reports.put(uid, report);
            if (!report.equals(before)) {
                dirty.add(uid);
                changed.signal();
            }
            if (before == null
                    || before.getState() != state
                    || !before.getReason().equals(reason)) {
                log(report);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void forget(String uid) {
        lock.lock();
        try {
            reports.remove(uid);
            dirty.remove(uid);
        } finally {
            lock.unlock();
        }
    }

    /** The last report of each pod, by uid. */
    List<PodReport> all() {
        lock.lock();
        try {
            return List.copyOf(reports.values());
        } finally {
            lock.unlock();
        }
    }

    private static void log(PodReport report) {
        if (report.getState() == PodReport.State.FAILED) {
            LOG.warn("pod {} is not captured: {}", report.getUid(), report.getReason());
        } else {
            LOG.info(
                    "pod {} is {}{}",
                    report.getUid(),
                    PodStatus.stateName(report.getState()),
                    report.getReason().isEmpty() ? "" : ": " + report.getReason());
        }
    }

    private void run() {
        boolean everything = true;
        boolean failing = false;
        try {
            while (true) {
                ReportPodsRequest request = next(everything);
                if (request == null) {
                    return;
                }
                try {
                    send(request);
                    everything = false;
                    if (failing) {
                        LOG.info("the control plane takes pod reports again");
                    }
                    failing = false;
                } catch (StatusRuntimeException e) {
                    if (!failing) {
                        LOG.warn("the control plane does not take pod reports, trying on: {}", e.getMessage());
                    }
                    failing = true;
                    everything = true;
                    TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            // Closed.
            return;
        }
    }

    /** Waits for changes, or for the time to repeat all; null when closed. */
    private @Nullable ReportPodsRequest next(boolean everything) throws InterruptedException {
        lock.lock();
        try {
            boolean all = everything;
            long left = TimeUnit.SECONDS.toNanos(REPEAT_SECONDS);
            while (!closed && !all && dirty.isEmpty()) {
                left = changed.awaitNanos(left);
                all = left <= 0;
            }
            if (closed) {
                return null;
            }
            ReportPodsRequest.Builder request = ReportPodsRequest.newBuilder().setNode(node);
            if (all) {
                request.addAllPods(reports.values()).setSnapshot(complete.getAsBoolean());
            } else {
                for (String uid : dirty) {
                    PodReport report = reports.get(uid);
                    if (report != null) {
                        request.addPods(report);
                    }
                }
            }
            dirty.clear();
            return request.build();
        } finally {
            lock.unlock();
        }
    }

    private void send(ReportPodsRequest request) {
        var _ = NodeServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                .withWaitForReady()
                .reportPods(request);
    }
}

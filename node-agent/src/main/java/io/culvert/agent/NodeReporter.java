package io.culvert.agent;

import io.culvert.core.xds.BearerToken;
import io.culvert.proto.node.NodeServiceGrpc;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.ReportPodsRequest;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the controller how the pods of this node stand. Reports are coalesced by pod and sent again until they arrive;
 * after a failure, and whenever {@link #resync} says that another controller may be listening, everything is sent.
 *
 * <p>Until {@link #complete} nothing claims to be everything: an agent that has just started does not know its pods yet,
 * and what it does not name would be taken for not enrolled. Any thread.
 */
final class NodeReporter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeReporter.class);
    private static final Duration RETRY = Duration.ofMillis(500);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

    private final ManagedChannel channel;
    private final Channel authenticated;
    private final String node;
    private final Semaphore work = new Semaphore(0);
    private final CountDownLatch closing = new CountDownLatch(1);
    private @Nullable Thread thread;

    // Guarded by this.
    private final Map<String, PodReport> reports = new HashMap<>();
    private final Set<String> unsent = new HashSet<>();
    private boolean complete;
    private boolean everything = true;

    private volatile @Nullable String lastError;

    /**
     * @param channel to the controller; stays the caller's
     * @param token the node's bearer token; null for none
     */
    NodeReporter(ManagedChannel channel, @Nullable Supplier<String> token, String node) {
        this.channel = channel;
        this.authenticated = token == null ? channel : BearerToken.on(channel, token);
        this.node = node;
    }

    /** Begins to send. */
    synchronized void start() {
        if (thread == null) {
            thread = Thread.ofVirtual().name("node-reporter").start(this::run);
        }
    }

    /** The pod's new state; the same state again costs nothing. */
    synchronized void report(PodReport report) {
        if (!report.equals(reports.put(report.getUid(), report))) {
            unsent.add(report.getUid());
            work.release();
        }
    }

    /** The pod is gone from this node. */
    synchronized void forget(String uid) {
        if (reports.remove(uid) != null) {
            unsent.remove(uid);
            // Only a snapshot can say that a pod is not there.
            everything = true;
            work.release();
        }
    }

    /** From now on the reports held are all there are. */
    synchronized void complete() {
        complete = true;
        everything = true;
        work.release();
    }

    /** Sends everything again: the controller may have changed. */
    synchronized void resync() {
        everything = true;
        work.release();
    }

    /** Why the last call failed; null when it did not. */
    @Nullable
    String lastError() {
        return lastError;
    }

    private synchronized @Nullable ReportPodsRequest next() {
        ReportPodsRequest.Builder request = ReportPodsRequest.newBuilder().setNode(node);
        if (everything) {
            request.setSnapshot(complete).addAllPods(reports.values());
            if (!complete && reports.isEmpty()) {
                return null;
            }
        } else if (unsent.isEmpty()) {
            return null;
        } else {
            List<PodReport> changed =
                    unsent.stream().map(reports::get).filter(Objects::nonNull).toList();
            request.addAllPods(changed);
        }
        everything = false;
        unsent.clear();
        return request.build();
    }

    private void run() {
        try {
            while (closing.getCount() > 0) {
                work.acquire();
                work.drainPermits();
                ReportPodsRequest request = next();
                if (request != null && !send(request)) {
                    closing.await(RETRY.toMillis(), TimeUnit.MILLISECONDS);
                    resync();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean send(ReportPodsRequest request) {
        try {
            channel.resetConnectBackoff();
            var _ = NodeServiceGrpc.newBlockingStub(authenticated)
                    .withDeadlineAfter(CALL_TIMEOUT)
                    .reportPods(request);
            lastError = null;
            return true;
        } catch (StatusRuntimeException e) {
            failed(String.valueOf(e.getMessage()));
            return false;
        } catch (RuntimeException e) {
            // The token file is away, for example.
            failed(String.valueOf(e.getMessage()));
            return false;
        }
    }

    private void failed(String why) {
        if (!why.equals(lastError)) {
            LOG.warn("pods of this node cannot be reported to the controller: {}; will go on trying", why);
        }
        lastError = why;
    }

    @Override
    public void close() {
        closing.countDown();
        Thread running;
        synchronized (this) {
            running = thread;
        }
        if (running != null) {
            running.interrupt();
        }
    }
}

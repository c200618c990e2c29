package io.culvert.cni;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What is told of one pod: its status, the report to the control plane when it differs from the last, and the end of an
 * attempt to those who wait for it. Owned by: the pod's step; {@link #status} and {@link #settled} any thread.
 */
final class PodReports {
    private final PodReporter reporter;
    private final List<CompletableFuture<Void>> waiters = new ArrayList<>();
    private volatile PodStatus status;

    /** @param first stands until the first report and is not reported itself */
    PodReports(PodReporter reporter, PodStatus first) {
        this.reporter = reporter;
        this.status = first;
    }

    PodStatus status() {
        return status;
    }

    void report(PodStatus now) {
        PodStatus before = status;
        status = now;
        boolean told = before.uid().equals(now.uid())
                && before.state() == now.state()
                && before.reason().equals(now.reason())
                && before.unproxied() == now.unproxied();
        if (!told && !now.uid().isEmpty()) {
            reporter.report(now.uid(), now.state(), now.reason(), now.unproxied());
        }
    }

    /** Completes with the next {@link #settle}, exceptionally when that is of a failure. */
    CompletableFuture<Void> settled() {
        CompletableFuture<Void> future = new CompletableFuture<>();
        synchronized (waiters) {
            waiters.add(future);
        }
        return future;
    }

    /** An attempt has ended; {@code failure} says why it failed. */
    void settle(@Nullable String failure) {
        List<CompletableFuture<Void>> done;
        synchronized (waiters) {
            done = List.copyOf(waiters);
            waiters.clear();
        }
        for (CompletableFuture<Void> each : done) {
            if (failure == null) {
                each.complete(null);
            } else {
                each.completeExceptionally(new CaptureException(failure));
            }
        }
    }
}

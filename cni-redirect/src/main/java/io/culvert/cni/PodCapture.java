package io.culvert.cni;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.cni.RuleBackend.Applied;
import io.culvert.cni.RuleBackend.Drift;
import io.culvert.cni.RuleBackend.Part;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.PodReport;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pod of this node on its way into and out of capture. Any thread may set what is wanted and {@link #wake} it; all
 * else happens in {@link #step}, which runs on one worker at a time and never waits for more than a tool.
 */
final class PodCapture {
    /** Where the pod is; what is reported of it is in brackets. */
    enum Phase {
        // -> PASSING | BINDING: the control plane has told of the pod
        UNKNOWN,
        // -> BINDING: opted in. [NOT_ENROLLED]: nothing of ours is in the namespace
        PASSING,
        // -> ENABLED: listeners bound, rules loaded and read back; -> FAILED: one of these failed. [PENDING]
        BINDING,
        // -> BINDING: a listener died, the namespace was replaced; -> FAILED: rules cannot be put back;
        // -> ANNOUNCED: opted out. [ENABLED]
        ENABLED,
        // -> BINDING: the backoff is over; -> ANNOUNCED: opted out. [FAILED]
        FAILED,
        // -> DRAINING: peers have had time to learn it; -> BINDING: opted in again. [NOT_ENROLLED]
        ANNOUNCED,
        // -> PASSING: the last proxied connection has ended; -> BINDING: opted in again. [NOT_ENROLLED]
        DRAINING,
        // The sandbox is gone; nothing follows.
        GONE
    }

    private static final Logger LOG = LoggerFactory.getLogger(PodCapture.class);
    private static final Duration FIRST_RETRY = Duration.ofMillis(500);
    private static final Duration LAST_RETRY = Duration.ofSeconds(30);
    /** Looks at a namespace file that is missing before the pod is taken for gone: runtimes remount. */
    private static final int MISSING_LIMIT = 3;

    private static final int UNREADABLE_LIMIT = 3;

    private final CaptureContext context;
    private final AtomicInteger wakes = new AtomicInteger();
    private final CompletableFuture<Void> left = new CompletableFuture<>();
    private final EarlierConnections earlier;

    // Set by any thread, read by step.
    private volatile Attachment attachment;
    private volatile @Nullable PodSpec wanted;
    private volatile boolean gone;
    private volatile boolean inspect;
    private volatile PodStatus status;
    private volatile @Nullable String rulesBackend;

    // Owned by step.
    private Phase phase = Phase.UNKNOWN;
    private @Nullable NetworkNamespace namespace;
    private @Nullable Applied applied;
    private @Nullable PodCgroup cgroup;
    private @Nullable PodSpec started;
    private @Nullable CompletableFuture<Void> starting;
    private @Nullable CompletableFuture<Void> stopping;
    private Instant deadline = Instant.MAX;
    private Instant retryAt = Instant.MIN;
    private Instant announcedUntil = Instant.MIN;
    private Duration backoff = FIRST_RETRY;
    private int missing;
    private int unreadable;
    private String cgroupRefused = "";
    private @Nullable NetworkNamespace superseded;
    private long healed;
    private final List<CompletableFuture<Void>> waiters = new ArrayList<>();

    PodCapture(CaptureContext context, Attachment attachment, @Nullable PodSpec wanted, @Nullable String rulesBackend) {
        this.context = context;
        this.attachment = attachment;
        this.wanted = wanted;
        this.rulesBackend = rulesBackend;
        this.earlier = new EarlierConnections(context);
        this.status = statusOf(PodReport.State.PENDING, "waiting for the control plane to tell of this pod");
    }

    Attachment attachment() {
        return attachment;
    }

    PodStatus status() {
        return status;
    }

    StateFile.Entry entry() {
        return new StateFile.Entry(attachment, wanted, rulesBackend);
    }

    /** Sets what the control plane wants, unless it means another pod by this name. Returns whether that is news. */
    boolean want(PodSpec spec) {
        if (!matches(attachment, spec) || spec.equals(wanted)) {
            return false;
        }
        wanted = spec;
        wake();
        return true;
    }

    /** Whether {@code spec} can be the pod of this sandbox; a missing uid matches any. */
    static boolean matches(Attachment attachment, PodSpec spec) {
        String known = attachment.podUid();
        return known.isEmpty() || spec.podUid().isEmpty() || known.equals(spec.podUid());
    }

    /** The sandbox is gone, or another one takes its place. Completes when the proxy has let go of the pod. */
    CompletableFuture<Void> leave() {
        gone = true;
        wake();
        return left;
    }

    /** Look at the facts in the next step. */
    void inspect() {
        inspect = true;
        wake();
    }

    /** Completes when the pod is captured, or is not to be; exceptionally with the next failure. */
    CompletableFuture<Void> settled() {
        CompletableFuture<Void> future = new CompletableFuture<>();
        synchronized (waiters) {
            waiters.add(future);
        }
        wake();
        return future;
    }

    /** Lets a worker run {@link #step}, once for any number of calls that come before it does. */
    void wake() {
        if (wakes.getAndIncrement() == 0) {
            context.scheduler().execute(this::run);
        }
    }

    private void run() {
        int seen;
        do {
            seen = wakes.get();
            try {
                step();
            } catch (CaptureException e) {
                fail(String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                LOG.error("capture of pod {} failed in phase {}", attachment.key(), phase, e);
                fail("internal error: " + e);
            }
        } while (!wakes.compareAndSet(seen, 0));
    }

    private void step() throws CaptureException {
        if (gone) {
            finish();
            return;
        }
        boolean look = inspect;
        inspect = false;
        if (look && !namespaceStands()) {
            return;
        }
        PodSpec spec = wanted;
        if (spec == null) {
            return;
        }
        if (spec.enrolled()) {
            toEnabled(spec, look);
        } else {
            toPassing(spec);
        }
    }

    private void toEnabled(PodSpec spec, boolean look) throws CaptureException {
        switch (phase) {
            case UNKNOWN, PASSING, ANNOUNCED, DRAINING -> {
                report(PodReport.State.PENDING, "binding listeners");
                bind(spec);
            }
            case BINDING -> bound(spec);
            case ENABLED -> keep(spec, look);
            case FAILED -> {
                if (!context.scheduler().now().isBefore(retryAt)) {
                    report(PodReport.State.PENDING, "another attempt after: " + status.reason());
                    bind(spec);
                }
            }
            case GONE -> {}
        }
    }

    private void toPassing(PodSpec spec) throws CaptureException {
        switch (phase) {
            case UNKNOWN, PASSING -> {
                if (rulesBackend != null) {
                    // The agent before us had captured it. Its peers were told by nobody yet.
                    announce(spec);
                } else {
                    phase = Phase.PASSING;
                    started = spec;
                    report(PodReport.State.NOT_ENROLLED, spec.notEnrolledReason());
                    settle(null);
                }
            }
            case BINDING, ENABLED, FAILED -> announce(spec);
            case ANNOUNCED -> {
                if (!context.scheduler().now().isBefore(announcedUntil)) {
                    drain(spec);
                }
            }
            case DRAINING -> drained(spec);
            case GONE -> {}
        }
    }

    /** Listeners first: a redirect to nobody would refuse the pod's traffic. */
    private void bind(PodSpec spec) throws CaptureException {
        NetworkNamespace open = openNamespace();
        phase = Phase.BINDING;
        started = spec;
        stopping = null;
        deadline = context.scheduler().now().plus(context.settings().proxyTimeout());
        context.scheduler().after(context.settings().proxyTimeout(), this::wake);
        CompletableFuture<Void> start = future(context.proxy().start(spec, open));
        starting = start;
        var _ = start.whenComplete((_, _) -> wake());
        if (start.isDone()) {
            bound(spec);
        }
    }

    private void bound(PodSpec spec) throws CaptureException {
        CompletableFuture<Void> start = starting;
        if (start == null || !start.isDone()) {
            if (!context.scheduler().now().isBefore(deadline)) {
                throw new CaptureException("the proxy did not bind its listeners in " + attachment.netns() + " within "
                        + context.settings().proxyTimeout().toSeconds() + " s");
            }
            return;
        }
        Throwable failure = start.isCompletedExceptionally() ? start.exceptionNow() : null;
        if (failure != null) {
            throw new CaptureException("the proxy cannot listen in the pod: " + failure.getMessage(), failure);
        }
        if (!spec.equals(started)) {
            bind(spec);
            return;
        }
        if (superseded != null) {
            superseded.close();
            superseded = null;
        }
        boolean first = applied == null;
        loadRules(spec);
        if (first) {
            earlier.captured(openNamespace(), spec, captureSpec(spec));
            context.counters().count(Event.ENROLLED);
            LOG.info("pod {} is captured in {}", spec.displayName(), attachment.netns());
        }
        enabled(spec);
    }

    private void enabled(PodSpec spec) {
        phase = Phase.ENABLED;
        backoff = FIRST_RETRY;
        starting = null;
        report(PodReport.State.ENABLED, limits());
        settle(null);
        if (!spec.equals(wanted)) {
            wake();
        }
    }

    /** In the mesh: follow what is wanted, and repair what is not as it was left. */
    private void keep(PodSpec spec, boolean look) throws CaptureException {
        if (!spec.equals(started)) {
            // Reported as enabled throughout: its peers need not notice.
            bind(spec);
            return;
        }
        if (!look) {
            settle(null);
            return;
        }
        if (!context.proxy().listening(spec.uid())) {
            heal(Event.HEALED_LISTENERS, "its listeners are gone");
            report(PodReport.State.PENDING, "its listeners had died and are bound again");
            bind(spec);
            return;
        }
        Applied last = applied;
        if (last == null || (cgroup == null && !captureSpec(spec).equals(CaptureSpec.of(spec, null)))) {
            loadRules(spec);
        } else {
            List<Drift> drifts = drifts(last);
            if (!drifts.isEmpty()) {
                loadRules(spec);
            }
            for (Drift drift : drifts) {
                heal(drift.part() == Part.RULES ? Event.HEALED_RULES : Event.HEALED_ROUTE, drift.detail());
            }
        }
        earlier.follow(openNamespace(), spec, captureSpec(spec));
        enabled(spec);
    }

    /** A tool that fails once says nothing about the pod, which stays as it is. */
    private List<Drift> drifts(Applied last) throws CaptureException {
        try {
            List<Drift> drifts = context.backend().verify(openNamespace(), last);
            unreadable = 0;
            return drifts;
        } catch (CaptureException e) {
            if (++unreadable >= UNREADABLE_LIMIT) {
                throw e;
            }
            LOG.warn("pod {} could not be verified: {}", attachment.key(), e.getMessage());
            return List.of();
        }
    }

    private void loadRules(PodSpec spec) throws CaptureException {
        String before = rulesBackend;
        String mine = context.backend().name();
        if (!mine.equals(before)) {
            // Written down before they stand: whoever comes after us must find them.
            rulesBackend = mine;
            context.owner().changed();
        }
        applied = apply(spec);
        if (before != null && !before.equals(mine)) {
            context.owner().removeForeign(before, openNamespace());
        }
    }

    private Applied apply(PodSpec spec) throws CaptureException {
        CaptureSpec capture = captureSpec(spec);
        try {
            Applied done = context.backend().apply(openNamespace(), RuleSet.of(capture));
            cgroup = capture.cgroup();
            return done;
        } catch (CaptureException e) {
            if (capture.cgroup() == null) {
                throw e;
            }
            // Kernels before 5.13 and old tools cannot match it: capture what honest processes send.
            Applied done = context.backend().apply(openNamespace(), RuleSet.of(CaptureSpec.of(spec, null)));
            cgroup = null;
            cgroupRefused = String.valueOf(e.getMessage());
            LOG.warn("pod {}: rules that match its cgroup were refused: {}", attachment.key(), cgroupRefused);
            return done;
        }
    }

    /** What is to be loaded now: with the pod's cgroup as soon as there is one. */
    private CaptureSpec captureSpec(PodSpec spec) {
        String podUid = spec.podUid().isEmpty() ? attachment.podUid() : spec.podUid();
        PodCgroup known = cgroup;
        if (known == null && cgroupRefused.isEmpty()) {
            known = context.cgroups().find(podUid);
        }
        return CaptureSpec.of(spec, known);
    }

    /** Peers first: who still tunnels to a pod that has left would be refused. */
    private void announce(PodSpec spec) {
        phase = Phase.ANNOUNCED;
        started = spec;
        starting = null;
        announcedUntil = context.scheduler().now().plus(context.settings().announce());
        context.scheduler().after(context.settings().announce(), this::wake);
        report(PodReport.State.NOT_ENROLLED, spec.notEnrolledReason());
    }

    private void drain(PodSpec spec) throws CaptureException {
        NetworkNamespace open = openNamespace();
        if (rulesBackend != null) {
            var _ = context.backend().apply(open, RuleSet.of(CaptureSpec.ALL).draining());
            applied = null;
        }
        stopping = future(context.proxy().stop(spec.uid(), false));
        phase = Phase.DRAINING;
        var _ = stopping.whenComplete((_, _) -> wake());
        drained(spec);
    }

    private void drained(PodSpec spec) throws CaptureException {
        CompletableFuture<Void> stop = stopping;
        if (stop == null || !stop.isDone() || context.proxy().openConnections(spec.uid()) > 0) {
            return;
        }
        context.backend().remove(openNamespace());
        applied = null;
        cgroup = null;
        rulesBackend = null;
        earlier.forget();
        closeNamespace();
        phase = Phase.PASSING;
        started = spec;
        context.owner().changed();
        context.counters().count(Event.UNENROLLED);
        LOG.info("pod {} is not captured any more", spec.displayName());
        report(PodReport.State.NOT_ENROLLED, spec.notEnrolledReason());
        settle(null);
    }

    /** False when the namespace is not the pod's any more, and this step ends here. */
    private boolean namespaceStands() throws CaptureException {
        NetworkNamespace.Id found;
        try {
            found = NetworkNamespace.idOf(attachment.netns());
            missing = 0;
        } catch (NoSuchFileException e) {
            if (++missing >= MISSING_LIMIT) {
                LOG.warn("namespace {} of pod {} is gone without a CNI DEL", attachment.netns(), attachment.key());
                gone = true;
                finish();
                return false;
            }
            return true;
        } catch (IOException e) {
            throw new CaptureException("cannot look at namespace " + attachment.netns() + ": " + e.getMessage(), e);
        }
        if (!found.equals(attachment.id())) {
            replaced(found);
        }
        return true;
    }

    private void replaced(NetworkNamespace.Id found) throws CaptureException {
        Attachment moved = attachment.in(found);
        boolean captured = phase != Phase.PASSING && phase != Phase.UNKNOWN;
        if (captured) {
            NetworkNamespace fresh = open(moved);
            // The proxy closes its listeners in the old one when it is started in the new one.
            superseded = namespace;
            namespace = fresh;
            heal(Event.HEALED_NAMESPACE, "its namespace was replaced");
        }
        attachment = moved;
        applied = null;
        rulesBackend = null;
        earlier.forget();
        phase = Phase.UNKNOWN;
        context.owner().changed();
    }

    private void heal(Event event, String what) {
        healed++;
        context.counters().count(event);
        LOG.warn("healed pod {}: {} ({})", attachment.key(), what, attachment.netns());
    }

    private void fail(String reason) {
        phase = Phase.FAILED;
        starting = null;
        cgroup = null;
        context.counters().count(Event.FAILED);
        retryAt = context.scheduler().now().plus(backoff);
        context.scheduler().after(backoff, this::wake);
        LOG.warn("pod {} is not captured: {}; next attempt in {} ms", attachment.key(), reason, backoff.toMillis());
        backoff = backoff.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : backoff.multipliedBy(2);
        report(PodReport.State.FAILED, reason);
        settle(reason);
    }

    private void finish() {
        if (phase == Phase.GONE) {
            return;
        }
        phase = Phase.GONE;
        PodSpec spec = wanted;
        settle("the pod is gone");
        context.owner().gone(this);
        CompletionStage<Void> stopped = CompletableFuture.completedFuture(null);
        if (spec != null) {
            context.reporter().forget(spec.uid());
            stopped = context.proxy().stop(spec.uid(), true);
        }
        NetworkNamespace current = namespace;
        NetworkNamespace old = superseded;
        namespace = null;
        superseded = null;
        stopped.whenComplete((_, _) -> {
            if (current != null) {
                current.close();
            }
            if (old != null) {
                old.close();
            }
            left.complete(null);
        });
    }

    private NetworkNamespace openNamespace() throws CaptureException {
        NetworkNamespace current = namespace;
        if (current == null) {
            current = open(attachment);
            namespace = current;
        }
        return current;
    }

    private NetworkNamespace open(Attachment at) throws CaptureException {
        NetworkNamespace fresh;
        try {
            fresh = NetworkNamespace.open(at.netns());
        } catch (IOException e) {
            throw new CaptureException(String.valueOf(e.getMessage()), e);
        }
        boolean ours = false;
        try {
            if (!fresh.id().equals(at.id())) {
                throw new CaptureException("namespace " + at.netns() + " was replaced while it was opened");
            }
            if (!context.namespaces().carries(fresh, at.addresses())) {
                throw new CaptureException("namespace " + at.netns() + " carries none of the addresses "
                        + at.addresses() + " of the pod: it is another's");
            }
            ours = true;
            return fresh;
        } finally {
            if (!ours) {
                fresh.close();
            }
        }
    }

    private void closeNamespace() {
        if (namespace != null) {
            namespace.close();
            namespace = null;
        }
    }

    private String limits() {
        List<String> limits = new ArrayList<>();
        if (cgroup == null) {
            limits.add("processes with CAP_NET_RAW could evade capture: "
                    + (cgroupRefused.isEmpty() ? "the pod's cgroup v2 is not known" : cgroupRefused));
        }
        if (!earlier.limit().isEmpty()) {
            limits.add(earlier.limit());
        }
        return String.join("; ", limits);
    }

    private void report(PodReport.State state, String reason) {
        PodStatus now = statusOf(state, reason);
        PodStatus before = status;
        status = now;
        boolean told = before.uid().equals(now.uid())
                && before.state() == state
                && before.reason().equals(reason)
                && before.unproxied() == now.unproxied();
        if (!told) {
            context.reporter().report(now.uid(), state, reason, now.unproxied());
        }
    }

    private PodStatus statusOf(PodReport.State state, String reason) {
        PodSpec spec = wanted;
        return new PodStatus(
                spec == null ? "" : spec.uid(),
                attachment.namespace(),
                attachment.name(),
                phase.name(),
                state,
                reason,
                attachment.netns().toString(),
                earlier.count(),
                healed);
    }

    private void settle(@Nullable String failure) {
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

    private static CompletableFuture<Void> future(CompletionStage<Void> stage) {
        return stage.toCompletableFuture();
    }
}

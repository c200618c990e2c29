package io.culvert.cni;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.cni.PodNamespace.Look;
import io.culvert.cni.RuleBackend.Drift;
import io.culvert.cni.RuleBackend.Part;
import io.culvert.proto.node.PodReport;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
        // -> ENABLED: listeners bound, rules loaded and read back; -> FAILED: one of these failed.
        // [PENDING] the first time; later what was reported stands, so that peers do not change their ways twice
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

    private final CaptureContext context;
    private final AtomicInteger wakes = new AtomicInteger();
    private final CompletableFuture<Void> left = new CompletableFuture<>();
    private final CompletableFuture<Void> listening = new CompletableFuture<>();
    private final CompletableFuture<Void> tried = new CompletableFuture<>();

    // Set by any thread, read by step.
    private volatile @Nullable PodSpec wanted;
    private volatile boolean gone;
    private volatile boolean inspect;

    // Owned by step; what others may read of them is said there.
    private final PodNamespace namespace;
    private final PodRules rules;
    private final EarlierConnections earlier;
    private final PodReports reports;
    private final Backoff backoff = new Backoff();
    private volatile Phase phase = Phase.UNKNOWN;
    private @Nullable PodSpec started;
    private @Nullable CompletableFuture<Void> starting;
    private @Nullable CompletableFuture<Void> stopping;
    private Instant deadline = Instant.MAX;
    private Instant announcedUntil = Instant.MIN;
    private long healed;
    /** Rules stood before this agent came, and have not been loaded by it yet. */
    private boolean adopted;

    /**
     * @param wanted what is known of the pod, if anything
     * @param backend whose rules may stand already, from an agent before us
     */
    PodCapture(CaptureContext context, Attachment attachment, @Nullable PodSpec wanted, @Nullable String backend) {
        this.context = context;
        this.namespace = new PodNamespace(context.namespaces(), attachment);
        this.rules = new PodRules(context, backend);
        this.earlier = new EarlierConnections(context);
        this.wanted = wanted;
        this.adopted = backend != null;
        this.reports = new PodReports(
                context.reporter(),
                statusOf(PodReport.State.PENDING, "waiting for the control plane to tell of this pod"));
    }

    Attachment attachment() {
        return namespace.attachment();
    }

    PodStatus status() {
        return reports.status();
    }

    /** Completes when its listeners are bound for the first time, or none are to be bound for now. */
    CompletableFuture<Void> listening() {
        return listening;
    }

    /** Completes when a first attempt to bring it where it belongs has ended, well or not, and is reported. */
    CompletableFuture<Void> tried() {
        return tried;
    }

    StateFile.Entry entry() {
        return new StateFile.Entry(attachment(), wanted, rules.backend());
    }

    /** Sets what the control plane wants, unless it means another pod by this name. Returns whether that is news. */
    boolean want(PodSpec spec) {
        if (!matches(attachment(), spec) || spec.equals(wanted)) {
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
        CompletableFuture<Void> future = reports.settled();
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
                LOG.error("capture of pod {} failed in phase {}", attachment().key(), phase, e);
                fail("internal error: " + e);
            }
            tell();
        } while (!wakes.compareAndSet(seen, 0));
    }

    private void tell() {
        if (phase != Phase.BINDING) {
            listening.complete(null);
            if (phase != Phase.UNKNOWN) {
                tried.complete(null);
            }
        }
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
                if (rules.backend() == null || phase != Phase.UNKNOWN) {
                    report(PodReport.State.PENDING, "binding listeners");
                }
                bind(spec);
            }
            case BINDING -> bound(spec);
            case ENABLED -> keep(spec, look);
            case FAILED -> {
                if (backoff.isOver(context.scheduler().now())) {
                    bind(spec);
                }
            }
            case GONE -> {}
        }
    }

    private void toPassing(PodSpec spec) throws CaptureException {
        switch (phase) {
            case UNKNOWN, PASSING -> {
                if (rules.backend() != null) {
                    // The agent before us had captured it, and may not have come to tell its peers.
                    announce(spec);
                } else {
                    phase = Phase.PASSING;
                    report(PodReport.State.NOT_ENROLLED, spec.notEnrolledReason());
                    reports.settle(null);
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
        var open = namespace.open();
        phase = Phase.BINDING;
        started = spec;
        stopping = null;
        deadline = context.scheduler().now().plus(context.settings().proxyTimeout());
        context.scheduler().after(context.settings().proxyTimeout(), this::wake);
        CompletableFuture<Void> start = future(context.proxy().start(spec, open));
        starting = start;
        var _ = start.whenComplete((_, _) -> {
            listening.complete(null);
            wake();
        });
        if (start.isDone()) {
            bound(spec);
        }
    }

    private void bound(PodSpec spec) throws CaptureException {
        CompletableFuture<Void> start = starting;
        if (start == null || !start.isDone()) {
            if (!context.scheduler().now().isBefore(deadline)) {
                throw new CaptureException("the proxy did not bind its listeners in "
                        + attachment().netns() + " within "
                        + context.settings().proxyTimeout().toSeconds() + " s");
            }
            return;
        }
        if (start.isCompletedExceptionally()) {
            Throwable failure = start.exceptionNow();
            throw new CaptureException("the proxy cannot listen in the pod: " + failure.getMessage(), failure);
        }
        namespace.closeSuperseded();
        if (!spec.equals(started)) {
            bind(spec);
            return;
        }
        boolean first = !rules.standing();
        rules.load(namespace.open(), spec, attachment());
        if (first) {
            if (adopted) {
                // Peers have taken it for enabled all along, and all pods of the node come at once: the next look
                // counts.
                earlier.uncounted();
            } else {
                earlier.captured(namespace.open(), spec, rules.wanted(spec, attachment()));
            }
            adopted = false;
            context.counters().count(Event.ENROLLED);
            LOG.info(
                    "pod {} is captured in {}", spec.displayName(), attachment().netns());
        }
        enabled();
    }

    private void enabled() {
        phase = Phase.ENABLED;
        backoff.reset();
        starting = null;
        report(
                PodReport.State.ENABLED,
                Stream.of(rules.limit(), earlier.limit())
                        .filter(limit -> !limit.isEmpty())
                        .collect(Collectors.joining("; ")));
        reports.settle(null);
    }

    /** In the mesh: follow what is wanted, and repair what is not as it was left. */
    private void keep(PodSpec spec, boolean look) throws CaptureException {
        if (!spec.equals(started)) {
            bind(spec);
            return;
        }
        if (!look) {
            reports.settle(null);
            return;
        }
        if (!context.proxy().listening(spec.uid())) {
            heal(Event.HEALED_LISTENERS, "its listeners were gone");
            bind(spec);
            return;
        }
        for (Drift drift : rules.repair(namespace.open(), spec, attachment())) {
            heal(drift.part() == Part.RULES ? Event.HEALED_RULES : Event.HEALED_ROUTE, drift.detail());
        }
        earlier.follow(namespace.open(), spec, () -> rules.wanted(spec, attachment()));
        enabled();
    }

    /** Peers first: who still tunnels to a pod that has left would be refused. */
    private void announce(PodSpec spec) {
        phase = Phase.ANNOUNCED;
        adopted = false;
        starting = null;
        announcedUntil = context.scheduler().now().plus(context.settings().announce());
        context.scheduler().after(context.settings().announce(), this::wake);
        report(PodReport.State.NOT_ENROLLED, spec.notEnrolledReason());
    }

    private void drain(PodSpec spec) throws CaptureException {
        rules.drain(namespace.open());
        phase = Phase.DRAINING;
        CompletableFuture<Void> stop = future(context.proxy().stop(spec.uid(), false));
        stopping = stop;
        var _ = stop.whenComplete((_, _) -> wake());
        drained(spec);
    }

    private void drained(PodSpec spec) throws CaptureException {
        CompletableFuture<Void> stop = stopping;
        if (stop == null || !stop.isDone() || context.proxy().openConnections(spec.uid()) > 0) {
            return;
        }
        rules.remove(namespace.open());
        earlier.forget();
        namespace.close();
        phase = Phase.PASSING;
        context.owner().changed();
        context.counters().count(Event.UNENROLLED);
        LOG.info("pod {} is not captured any more", spec.displayName());
        report(PodReport.State.NOT_ENROLLED, spec.notEnrolledReason());
        reports.settle(null);
    }

    /** False when the pod is gone, and this step ends here. */
    private boolean namespaceStands() throws CaptureException {
        Look found = namespace.look();
        if (found == Look.GONE) {
            LOG.warn(
                    "namespace {} of pod {} is gone without a CNI DEL",
                    attachment().netns(),
                    attachment().key());
            gone = true;
            finish();
            return false;
        }
        if (found == Look.REPLACED) {
            boolean captured = phase != Phase.PASSING && phase != Phase.UNKNOWN;
            rules.forget();
            earlier.forget();
            adopted = false;
            phase = Phase.UNKNOWN;
            context.owner().changed();
            if (captured) {
                heal(Event.HEALED_NAMESPACE, "its namespace was replaced");
            }
        }
        return true;
    }

    private void heal(Event event, String what) {
        healed++;
        context.counters().count(event);
        LOG.warn(
                "healed pod {}: {} ({})", attachment().key(), what, attachment().netns());
    }

    private void fail(String reason) {
        if (phase == Phase.GONE) {
            return;
        }
        phase = Phase.FAILED;
        starting = null;
        rules.failed();
        context.counters().count(Event.FAILED);
        Duration pause = backoff.failed(context.scheduler().now());
        context.scheduler().after(pause, this::wake);
        LOG.warn(
                "pod {} is not captured: {}; next attempt in {} ms",
                attachment().key(),
                reason,
                pause.toMillis());
        report(PodReport.State.FAILED, reason);
        reports.settle(reason);
    }

    private void finish() {
        if (phase == Phase.GONE) {
            return;
        }
        phase = Phase.GONE;
        reports.settle("the pod is gone");
        PodSpec spec = wanted;
        CompletableFuture<Void> stopped = CompletableFuture.completedFuture(null);
        if (spec != null) {
            context.reporter().forget(spec.uid());
            stopped = future(context.proxy().stop(spec.uid(), true))
                    .copy()
                    .orTimeout(context.settings().proxyTimeout().toMillis(), TimeUnit.MILLISECONDS);
        }
        // On a worker, and not on a loop of the proxy: files are written.
        var _ = stopped.whenCompleteAsync(
                (_, _) -> {
                    rules.unwatch();
                    namespace.close();
                    context.owner().gone(this);
                    left.complete(null);
                },
                context.scheduler()::execute);
    }

    private void report(PodReport.State state, String reason) {
        reports.report(statusOf(state, reason));
    }

    private PodStatus statusOf(PodReport.State state, String reason) {
        PodSpec spec = wanted;
        return new PodStatus(
                spec == null ? "" : spec.uid(),
                attachment().namespace(),
                attachment().name(),
                phase.name(),
                state,
                reason,
                attachment().netns().toString(),
                earlier.count(),
                healed);
    }

    private static CompletableFuture<Void> future(CompletionStage<Void> stage) {
        return stage.toCompletableFuture();
    }
}

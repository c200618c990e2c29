package io.culvert.cni;

import io.culvert.core.lifecycle.Component;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.PodReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the pods of this node to what the control plane wants and keeps them there: enrols and un-enrols them without
 * losing their connections, looks at each every few seconds and repairs what is not as it was left. One bad pod never
 * disturbs another: each has its own state, retries and backoff.
 *
 * <p>An agent that dies leaves the rules in the pods: their traffic is redirected to ports where nobody listens and
 * refused, until the next agent has read the state file and bound its listeners. {@link #close} does the same.
 *
 * <p>Any thread. What waits for tools runs on four workers of its own.
 */
public final class CaptureController implements Component, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CaptureController.class);
    private static final int WORKERS = 4;
    private static final Duration TOOL_TIMEOUT = Duration.ofSeconds(10);

    private final CaptureContext context;
    private final PodDirectory directory;
    private final StateFile file;
    private final Map<String, RuleBackend> backends;
    private final @Nullable ThreadScheduler ownScheduler;
    private final Map<String, PodCapture> pods = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> listening = new CompletableFuture<>();
    private final CompletableFuture<Void> adopted = new CompletableFuture<>();
    private final AtomicBoolean refreshing = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    // Opted-in pods that no CNI call has named, as last reported. Owned by refresh.
    private final Set<String> unattached = new HashSet<>();
    // What prepare read, until start.
    private volatile @Nullable List<StateFile.Entry> known;

    /** A controller with its own threads; it does nothing before {@link #start}. */
    public CaptureController(
            CaptureSettings settings,
            RuleBackend backend,
            PodProxy proxy,
            PodDirectory directory,
            PodReporter reporter) {
        ToolRunner tools = new ToolRunner(WORKERS, TOOL_TIMEOUT);
        ThreadScheduler scheduler = new ThreadScheduler(WORKERS);
        this.directory = directory;
        this.file = new StateFile(settings.stateDirectory());
        this.backends = RuleBackends.all(tools);
        this.ownScheduler = scheduler;
        this.context = new CaptureContext(
                settings,
                scheduler,
                backend,
                proxy,
                reporter,
                new CaptureCounters(),
                PodNamespaces.ofKernel(tools),
                PodCgroups.ofHost(),
                new Owner());
    }

    /** With everything given; for tests. */
    CaptureController(
            CaptureSettings settings,
            CaptureScheduler scheduler,
            RuleBackend backend,
            PodProxy proxy,
            PodDirectory directory,
            PodReporter reporter,
            PodNamespaces namespaces,
            PodCgroups cgroups) {
        this.directory = directory;
        this.file = new StateFile(settings.stateDirectory());
        this.backends = Map.of(backend.name(), backend);
        this.ownScheduler = null;
        this.context = new CaptureContext(
                settings, scheduler, backend, proxy, reporter, new CaptureCounters(), namespaces, cgroups, new Owner());
    }

    @Override
    public String name() {
        return "capture";
    }

    /**
     * Reads the state file, which {@link #start} does otherwise: to be called while others have work. It changes nothing,
     * but puts a file aside that cannot be read.
     *
     * @throws IOException when the state directory cannot be read; the message names it
     */
    public void prepare() throws IOException {
        known = file.read();
    }

    /**
     * Takes back the pods of the state file, at once and with what was wanted of them last, then follows the directory.
     *
     * @throws IOException when the state directory cannot be read; the message names it
     */
    @Override
    public void start() throws IOException {
        List<PodCapture> found = new ArrayList<>();
        List<StateFile.Entry> entries = known;
        known = null;
        for (StateFile.Entry entry : entries != null ? entries : file.read()) {
            PodCapture pod = adopt(entry);
            if (pod != null) {
                found.add(pod);
            }
        }
        complete(listening, found.stream().map(PodCapture::listening));
        complete(adopted, found.stream().map(PodCapture::tried));
        directory.addListener(this::directoryChanged);
        directoryChanged();
        tick();
    }

    /** Every pod of this node that CNI announced. */
    public List<PodStatus> status() {
        return pods.values().stream().map(PodCapture::status).toList();
    }

    /** Whether every pod that the state file held is captured, or is known not to be wanted: for readiness. */
    public boolean settled() {
        return pods.values().stream()
                .map(PodCapture::status)
                .allMatch(status ->
                        status.state() == PodReport.State.ENABLED || status.state() == PodReport.State.NOT_ENROLLED);
    }

    /**
     * Completes when the listeners of every pod that the agent before this one had are bound, or an attempt at it has
     * failed, or nothing is to be bound yet: what the pods' connections do not wait for may take the processors now. On
     * any thread, which it must not hold.
     */
    public CompletionStage<Void> listening() {
        return listening.minimalCompletionStage();
    }

    /**
     * Completes when every pod that the agent before this one had has been tried once, well or not, and reported: a list
     * of reports is complete only then. On a worker, which it must not hold.
     */
    public CompletionStage<Void> adopted() {
        return adopted.minimalCompletionStage();
    }

    private static void complete(CompletableFuture<Void> whole, Stream<CompletableFuture<Void>> parts) {
        var _ = CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenRun(() -> whole.complete(null));
    }

    public CaptureCounters counters() {
        return context.counters();
    }

    CaptureSettings settings() {
        return context.settings();
    }

    /**
     * A sandbox was made. Completes when its pod is captured, or is not to be captured; exceptionally when an attempt
     * has failed (others follow). Idempotent.
     */
    CompletableFuture<Void> add(Attachment attachment) {
        while (true) {
            PodCapture present = pods.get(attachment.key());
            if (present != null && same(present.attachment(), attachment)) {
                return present.settled();
            }
            if (present == null) {
                PodCapture added = new PodCapture(context, attachment, wanted(attachment), null);
                if (pods.putIfAbsent(attachment.key(), added) == null) {
                    save();
                    if (added.status().uid().isEmpty()
                            && context.settings().exemptNamespaces().contains(attachment.namespace())) {
                        added.wake();
                        return CompletableFuture.completedFuture(null);
                    }
                    return added.settled();
                }
            } else {
                // Another sandbox of the same pod, or of the next one by its name: the proxy knows both by one uid.
                return present.leave()
                        .orTimeout(context.settings().proxyTimeout().toMillis(), TimeUnit.MILLISECONDS)
                        .thenCompose(_ -> add(attachment));
            }
        }
    }

    /** The sandbox is gone; complete when it is forgotten. One that is not known, or not any more, is none of ours. */
    CompletableFuture<Void> delete(String namespace, String name, String containerId) {
        PodCapture pod = pods.get(Attachment.key(namespace, name));
        return pod != null && pod.attachment().containerId().equals(containerId)
                ? pod.leave()
                : CompletableFuture.completedFuture(null);
    }

    /** Forgets the pods whose sandboxes are not among {@code containerIds}. */
    void retain(Collection<String> containerIds) {
        for (PodCapture pod : pods.values()) {
            if (!containerIds.contains(pod.attachment().containerId())) {
                var _ = pod.leave();
            }
        }
    }

    /** Looks at the pod now, and repairs it. Null: this agent knows no such sandbox. */
    @Nullable
    CompletableFuture<PodStatus> check(String namespace, String name, String containerId) {
        PodCapture pod = pods.get(Attachment.key(namespace, name));
        if (pod == null || !pod.attachment().containerId().equals(containerId)) {
            return null;
        }
        CompletableFuture<Void> settled = pod.settled();
        pod.inspect();
        return settled.handle((_, _) -> pod.status());
    }

    /** What is known of the pod without looking; "" of one that is not. */
    String reason(Attachment attachment) {
        PodCapture pod = pods.get(attachment.key());
        return pod == null ? "its sandbox is gone" : pod.status().reason();
    }

    /** Ends the work of this object. Rules stay in the pods, see above; the proxy is ended by its owner. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true) && ownScheduler != null) {
            ownScheduler.close();
        }
    }

    private @Nullable PodCapture adopt(StateFile.Entry entry) {
        Attachment attachment = entry.attachment();
        try {
            var _ = NetworkNamespace.idOf(attachment.netns());
        } catch (IOException e) {
            LOG.info("pod {} of the state file is gone: {}", attachment.key(), e.getMessage());
            return null;
        }
        PodCapture pod = new PodCapture(context, attachment, entry.spec(), entry.backend());
        pods.put(attachment.key(), pod);
        // The first look compares the inode: another namespace by that name is taken only if it has the pod's address.
        pod.inspect();
        return pod;
    }

    private void tick() {
        if (closed.get()) {
            return;
        }
        pods.values().forEach(PodCapture::inspect);
        context.scheduler().after(context.settings().reconcile(), this::tick);
    }

    private void directoryChanged() {
        if (refreshing.compareAndSet(false, true)) {
            context.scheduler().execute(() -> {
                refreshing.set(false);
                refresh();
            });
        }
    }

    private synchronized void refresh() {
        Set<String> seen = new HashSet<>();
        boolean learned = false;
        for (PodSpec spec : directory.pods()) {
            PodCapture pod = pods.get(Attachment.key(spec.namespace(), spec.name()));
            if (pod != null) {
                learned |= pod.want(spec);
            } else if (spec.enrolled()) {
                seen.add(spec.uid());
                if (unattached.add(spec.uid())) {
                    context.reporter()
                            .report(
                                    spec.uid(),
                                    PodReport.State.PENDING,
                                    "its network namespace is not known: CNI has not announced the pod to this agent"
                                            + " (a pod that was running before needs a restart)",
                                    0);
                }
            }
        }
        unattached.retainAll(seen);
        if (learned) {
            save();
        }
    }

    private @Nullable PodSpec wanted(Attachment attachment) {
        for (PodSpec spec : directory.pods()) {
            if (spec.namespace().equals(attachment.namespace())
                    && spec.name().equals(attachment.name())
                    && PodCapture.matches(attachment, spec)) {
                return spec;
            }
        }
        return null;
    }

    private static boolean same(Attachment one, Attachment other) {
        return one.containerId().equals(other.containerId())
                && one.netns().equals(other.netns())
                && one.id().equals(other.id());
    }

    private void save() {
        synchronized (file) {
            List<StateFile.Entry> entries = new ArrayList<>();
            pods.values().forEach(pod -> entries.add(pod.entry()));
            try {
                file.write(entries);
            } catch (IOException e) {
                LOG.error(
                        "cannot write the state of captured pods to {}: {}; a restarted agent would not find them",
                        context.settings().stateDirectory(),
                        e.getMessage());
            }
        }
    }

    /** What the pods ask of their controller. */
    private final class Owner implements CaptureContext.Owner {
        @Override
        public void changed() {
            save();
        }

        @Override
        public void gone(PodCapture pod) {
            pods.remove(pod.attachment().key(), pod);
            save();
            // It may be wanted again already, in a sandbox to come.
            directoryChanged();
        }

        @Override
        public void removeForeign(String name, NetworkNamespace namespace) throws CaptureException {
            RuleBackend other = backends.get(name);
            if (other != null) {
                other.removeRules(namespace);
                LOG.info("removed the rules that {} had in {}", name, namespace.path());
            }
        }
    }
}

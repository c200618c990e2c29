package io.culvert.cni;

import io.culvert.cni.RuleBackend.Applied;
import io.culvert.cni.RuleBackend.Drift;
import io.culvert.core.linux.NetworkNamespace;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules of one pod: what stands, what should, by which backend. They are read when the kernel has told of a change
 * or has been silent for long, since reading costs a process. Owned by: the pod's step; {@link #backend} any.
 */
final class PodRules {
    private static final Logger LOG = LoggerFactory.getLogger(PodRules.class);
    /** Failures of the tools in a row before the pod is said to have failed: one says nothing about the pod. */
    private static final int UNREADABLE_LIMIT = 3;

    private final CaptureContext context;
    private volatile @Nullable String backend;
    private @Nullable Applied applied;
    private @Nullable CaptureSpec loaded;
    private @Nullable PodCgroup cgroup;
    private String cgroupRefused = "";
    private int unreadable;
    // From the first load in a namespace until it is left.
    private @Nullable NamespaceChanges changes;
    /** Something may have changed since the rules were read last. */
    private boolean suspect;

    private Instant read = Instant.MIN;

    /** @param backend whose rules may stand already, from an agent before us */
    PodRules(CaptureContext context, @Nullable String backend) {
        this.context = context;
        this.backend = backend;
    }

    /** Name of the backend whose rules may stand in the namespace; null when none do. */
    @Nullable
    String backend() {
        return backend;
    }

    /** Whether the redirect stands, as far as this agent has seen. */
    boolean standing() {
        return applied != null;
    }

    /** What is to be loaded now: with the pod's cgroup as soon as there is one. */
    CaptureSpec wanted(PodSpec spec, Attachment attachment) {
        PodCgroup known = cgroup;
        if (known == null && cgroupRefused.isEmpty()) {
            known = context.cgroups().find(spec.podUid().isEmpty() ? attachment.podUid() : spec.podUid());
        }
        return CaptureSpec.of(spec, known);
    }

    /** Loads what is wanted, in one step, whatever stands. */
    void load(NetworkNamespace namespace, PodSpec spec, Attachment attachment) throws CaptureException {
        String before = backend;
        String mine = context.backend().name();
        if (!mine.equals(before)) {
            // Written down before they stand: whoever comes after us must find them.
            backend = mine;
            context.owner().changed();
        }
        watch(namespace);
        CaptureSpec capture = wanted(spec, attachment);
        try {
            applied = apply(namespace, capture);
            cgroup = capture.cgroup();
        } catch (CaptureException e) {
            if (capture.cgroup() == null) {
                throw e;
            }
            // Kernels before 5.13 and old tools cannot match it: capture what honest processes send.
            applied = apply(namespace, CaptureSpec.of(spec, null));
            cgroup = null;
            cgroupRefused = String.valueOf(e.getMessage());
            LOG.warn("pod {}: rules that match its cgroup were refused: {}", attachment.key(), cgroupRefused);
        }
        if (before != null && !before.equals(mine)) {
            context.owner().removeForeign(before, namespace);
        }
    }

    /**
     * Our own changes are told like those of others. They are dropped between the last change and the first reading, and
     * neither earlier nor later: a foreign change that is dropped with them was made before the reading, which shows and
     * counts it; one that is made during or after the reading is told by the next look. (The kernel tells of a change
     * before the tool that made it has ended.)
     */
    private Applied apply(NetworkNamespace namespace, CaptureSpec capture) throws CaptureException {
        suspect = true;
        Applied now = context.backend()
                .apply(namespace, RuleSet.of(capture), () -> watch(namespace).drain());
        loaded = capture;
        verified();
        return now;
    }

    private NamespaceChanges watch(NetworkNamespace namespace) {
        NamespaceChanges current = changes;
        if (current == null) {
            current = context.namespaces().watch(namespace);
            changes = current;
        }
        return current;
    }

    private void verified() {
        suspect = false;
        unreadable = 0;
        read = context.scheduler().now();
    }

    /** Whether the rules must be read to know how they are. What was told is remembered until they have been. */
    private boolean due(NetworkNamespace namespace) {
        suspect |= watch(namespace).drain();
        Instant limit = read.plus(context.settings().fullCheck());
        return suspect
                || !context.backend().toldOfChanges()
                || !context.scheduler().now().isBefore(limit);
    }

    /** Puts back what is not as it should be. Returns what that was. */
    List<Drift> repair(NetworkNamespace namespace, PodSpec spec, Attachment attachment) throws CaptureException {
        Applied last = applied;
        if (last == null || !wanted(spec, attachment).equals(loaded)) {
            load(namespace, spec, attachment);
            return List.of();
        }
        if (!due(namespace)) {
            return List.of();
        }
        List<Drift> drifts;
        try {
            drifts = context.backend().verify(namespace, last);
            verified();
        } catch (CaptureException e) {
            if (++unreadable >= UNREADABLE_LIMIT) {
                throw e;
            }
            LOG.warn("pod {} could not be verified: {}", attachment.key(), e.getMessage());
            return List.of();
        }
        if (!drifts.isEmpty()) {
            load(namespace, spec, attachment);
        }
        return drifts;
    }

    /** Takes away what redirects and leaves what live connections need. */
    void drain(NetworkNamespace namespace) throws CaptureException {
        String standing = backend;
        if (standing == null) {
            return;
        }
        var _ = context.backend().apply(namespace, RuleSet.of(CaptureSpec.ALL).draining(), () -> {});
        applied = null;
        if (!standing.equals(context.backend().name())) {
            context.owner().removeForeign(standing, namespace);
            backend = context.backend().name();
        }
    }

    /** Takes away all. */
    void remove(NetworkNamespace namespace) throws CaptureException {
        context.backend().remove(namespace);
        forget();
    }

    /** The namespace is another one, or has none of ours any more. */
    void forget() {
        applied = null;
        backend = null;
        failed();
        unwatch();
    }

    /** The namespace is about to be closed. */
    void unwatch() {
        if (changes != null) {
            changes.close();
            changes = null;
        }
    }

    /** An attempt failed: the next one looks for the cgroup anew, it may have been replaced. */
    void failed() {
        cgroup = null;
        cgroupRefused = "";
        unreadable = 0;
    }

    /** "", or what a process of the pod could do all the same. */
    String limit() {
        return cgroup != null
                ? ""
                : "processes with CAP_NET_RAW could evade capture: "
                        + (cgroupRefused.isEmpty() ? "the pod's cgroup v2 is not known" : cgroupRefused);
    }
}

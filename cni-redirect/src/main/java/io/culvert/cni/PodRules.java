package io.culvert.cni;

import io.culvert.cni.RuleBackend.Applied;
import io.culvert.cni.RuleBackend.Drift;
import io.culvert.core.linux.NetworkNamespace;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rules of one pod: what stands, what should, by which backend. Owned by: the pod's step; {@link #backend} any. */
final class PodRules {
    private static final Logger LOG = LoggerFactory.getLogger(PodRules.class);
    /** Failures of the tools in a row before the pod is said to have failed: one says nothing about the pod. */
    private static final int UNREADABLE_LIMIT = 3;

    private final CaptureContext context;
    private volatile @Nullable String backend;
    private @Nullable Applied applied;
    private @Nullable PodCgroup cgroup;
    private String cgroupRefused = "";
    private int unreadable;

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
        CaptureSpec capture = wanted(spec, attachment);
        try {
            applied = context.backend().apply(namespace, RuleSet.of(capture));
            cgroup = capture.cgroup();
        } catch (CaptureException e) {
            if (capture.cgroup() == null) {
                throw e;
            }
            // Kernels before 5.13 and old tools cannot match it: capture what honest processes send.
            applied = context.backend().apply(namespace, RuleSet.of(CaptureSpec.of(spec, null)));
            cgroup = null;
            cgroupRefused = String.valueOf(e.getMessage());
            LOG.warn("pod {}: rules that match its cgroup were refused: {}", attachment.key(), cgroupRefused);
        }
        if (before != null && !before.equals(mine)) {
            context.owner().removeForeign(before, namespace);
        }
    }

    /** Puts back what is not as it should be. Returns what that was. */
    List<Drift> repair(NetworkNamespace namespace, PodSpec spec, Attachment attachment) throws CaptureException {
        Applied last = applied;
        if (last == null || !last.rules().equals(RuleSet.of(wanted(spec, attachment)))) {
            load(namespace, spec, attachment);
            return List.of();
        }
        List<Drift> drifts;
        try {
            drifts = context.backend().verify(namespace, last);
            unreadable = 0;
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
        var _ = context.backend().apply(namespace, RuleSet.of(CaptureSpec.ALL).draining());
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

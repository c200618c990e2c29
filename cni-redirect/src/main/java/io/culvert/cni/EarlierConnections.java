package io.culvert.cni;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.cni.TcpSockets.Connection;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.ExistingConnections;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections that a pod had before it was captured: they go on past the proxy and escape policy, so they are
 * counted, and kept, drained or reset as the pod's namespace chose. Owned by: the pod's step; {@link #count} any thread.
 */
final class EarlierConnections {
    private static final Logger LOG = LoggerFactory.getLogger(EarlierConnections.class);
    /** Looks between two counts, when nothing is due: listing sockets is not free. */
    private static final int COUNT_EVERY = 5;

    private final CaptureContext context;
    private Set<Connection> open = Set.of();
    private boolean uncounted;
    private Instant since = Instant.MIN;
    private int looks;
    private String trouble = "";
    private volatile int count;

    EarlierConnections(CaptureContext context) {
        this.context = context;
    }

    int count() {
        return count;
    }

    /** "", or what the operator should know about them. */
    String limit() {
        return trouble;
    }

    void forget() {
        open = Set.of();
        uncounted = false;
        count = 0;
        trouble = "";
    }

    /** Instead of {@link #captured}: the next look is to do what that does. */
    void uncounted() {
        uncounted = true;
    }

    /** The rules have just been loaded: all that passes them by is from before. */
    void captured(NetworkNamespace namespace, PodSpec spec, CaptureSpec capture) {
        uncounted = false;
        since = context.scheduler().now();
        looks = 0;
        try {
            open = Set.copyOf(TcpSockets.unproxied(context.namespaces().connections(namespace), capture));
            count = open.size();
            trouble = "";
            treat(namespace, spec, capture);
        } catch (CaptureException e) {
            troubled(spec, String.valueOf(e.getMessage()));
        }
    }

    /** To be called at each look at the pod; what is captured is asked for when it matters. */
    void follow(NetworkNamespace namespace, PodSpec spec, Supplier<CaptureSpec> wanted) {
        if (uncounted) {
            captured(namespace, spec, wanted.get());
            return;
        }
        if (open.isEmpty()) {
            return;
        }
        looks++;
        try {
            if (due(spec) || looks % COUNT_EVERY == 0) {
                CaptureSpec capture = wanted.get();
                recount(namespace, capture);
                treat(namespace, spec, capture);
            }
        } catch (CaptureException e) {
            troubled(spec, String.valueOf(e.getMessage()));
        }
    }

    private boolean due(PodSpec spec) {
        if (spec.existingConnections() == ExistingConnections.RESET) {
            return true;
        }
        return spec.existingConnections() == ExistingConnections.DRAIN
                && !context.scheduler().now().isBefore(since.plus(Duration.ofSeconds(spec.drainSeconds())));
    }

    private void treat(NetworkNamespace namespace, PodSpec spec, CaptureSpec capture) throws CaptureException {
        if (open.isEmpty() || !due(spec)) {
            return;
        }
        int ended = context.namespaces().end(namespace, List.copyOf(open));
        context.counters().add(Event.RESET_CONNECTIONS, ended);
        LOG.info("pod {}: reset {} connections from before its enrolment", spec.displayName(), ended);
        recount(namespace, capture);
        trouble = open.isEmpty()
                ? ""
                : "connections from before enrolment cannot be reset: does the kernel have INET_DIAG_DESTROY?";
    }

    private void recount(NetworkNamespace namespace, CaptureSpec capture) throws CaptureException {
        Set<Connection> now = new HashSet<>(open);
        now.retainAll(new HashSet<>(TcpSockets.unproxied(context.namespaces().connections(namespace), capture)));
        open = Set.copyOf(now);
        count = open.size();
    }

    private void troubled(PodSpec spec, String what) {
        LOG.warn("pod {}: connections from before its enrolment: {}", spec.displayName(), what);
        trouble = "connections from before enrolment are not known: " + what;
    }
}

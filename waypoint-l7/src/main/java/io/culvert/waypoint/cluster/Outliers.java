package io.culvert.waypoint.cluster;

import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ejects endpoints of one cluster that fail, as Envoy's outlier detection does: counts on the loops, decisions under the
 * cluster's lock. Any thread.
 */
final class Outliers {
    private static final Logger LOG = LoggerFactory.getLogger(Outliers.class);

    /** The longest ejection, unless the base time is longer. */
    private static final long LONGEST_NANOS = 300_000_000_000L;

    private final ClusterState cluster;

    Outliers(ClusterState cluster) {
        this.cluster = cluster;
    }

    /** What was wrong. */
    private enum Reason {
        SERVER_ERRORS(ClusterStats.Count.EJECTIONS_CONSECUTIVE_5XX, "responses of 5xx in a row"),
        GATEWAY_ERRORS(ClusterStats.Count.EJECTIONS_GATEWAY_ERRORS, "gateway errors (502 to 504) in a row"),
        LOCAL_FAILURES(ClusterStats.Count.EJECTIONS_LOCAL_ORIGIN, "failures before a response in a row");

        final ClusterStats.Count count;
        final String text;

        Reason(ClusterStats.Count count, String text) {
            this.count = count;
            this.text = text;
        }
    }

    /** A response has come. */
    void status(Host host, int status, OutlierDetection policy) {
        if (policy.splitLocalOrigin()) {
            reset(host.localFailures);
        }
        if (status < 500) {
            reset(host.serverErrors);
            reset(host.gatewayErrors);
            return;
        }
        if (status >= 502 && status <= 504) {
            count(host, host.gatewayErrors, policy.consecutiveGatewayErrors(), Reason.GATEWAY_ERRORS, policy);
        } else {
            reset(host.gatewayErrors);
        }
        count(host, host.serverErrors, policy.consecutive5xx(), Reason.SERVER_ERRORS, policy);
    }

    /** A connection of bytes was made. */
    void connected(Host host, OutlierDetection policy) {
        if (policy.splitLocalOrigin()) {
            reset(host.localFailures);
        } else {
            status(host, 200, policy);
        }
    }

    /** It failed before a response; unless told apart, as bad as a 503. */
    void localFailure(Host host, OutlierDetection policy) {
        if (policy.splitLocalOrigin()) {
            count(host, host.localFailures, policy.consecutiveLocalOrigin(), Reason.LOCAL_FAILURES, policy);
        } else {
            status(host, 503, policy);
        }
    }

    private static void reset(AtomicInteger counter) {
        // Mostly it is 0: a read that every core may share, not a write.
        if (counter.get() != 0) {
            counter.set(0);
        }
    }

    private void count(Host host, AtomicInteger counter, int threshold, Reason reason, OutlierDetection policy) {
        int now = counter.incrementAndGet();
        if (threshold > 0 && now >= threshold) {
            // From the beginning, so that a host that may not be ejected now can be later.
            counter.set(0);
            cluster.locked(() -> eject(host, now, reason, policy));
        }
    }

    private void eject(Host host, int failures, Reason reason, OutlierDetection policy) {
        if (host.ejected() || host.gone()) {
            return;
        }
        int ejected = cluster.stats().ejected();
        int members = cluster.members();
        boolean allowed = ejected == 0 || 100L * (ejected + 1) <= (long) policy.maxEjectionPercent() * members;
        if (!allowed) {
            cluster.stats().count(ClusterStats.Count.EJECTION_OVERFLOW);
            return;
        }
        long base = policy.baseEjection().toNanos();
        if (host.backoff * base < longest(policy)) {
            host.backoff++;
        }
        host.ejected(true);
        host.ejectedSince = cluster.now();
        cluster.stats().ejected.incrementAndGet();
        cluster.stats().count(reason.count);
        cluster.refresh();
        LOG.warn(
                "{} ejected from {} for {} ms: {} {}; {} of {} endpoints are ejected now. See what the workload logs",
                host,
                cluster.key(),
                duration(host, policy) / 1_000_000,
                failures,
                reason.text,
                ejected + 1,
                members);
    }

    private static long longest(OutlierDetection policy) {
        return Math.max(LONGEST_NANOS, policy.baseEjection().toNanos());
    }

    private static long duration(Host host, OutlierDetection policy) {
        return Math.min(host.backoff * policy.baseEjection().toNanos(), longest(policy));
    }

    /** Ends ejections whose time is up; who was healthy since the last sweep is forgiven one. Under the cluster's lock. */
    void sweep(Iterable<Host> hosts, OutlierDetection policy) {
        long now = cluster.now();
        boolean changed = false;
        for (Host host : hosts) {
            if (!host.ejected()) {
                host.backoff = Math.max(0, host.backoff - 1);
            } else if (now - host.ejectedSince >= duration(host, policy)) {
                readmit(host);
                changed = true;
            }
        }
        if (changed) {
            cluster.refresh();
        }
    }

    /** Ends all ejections, since there is no policy any more. Under the cluster's lock. */
    void readmitAll(Iterable<Host> hosts) {
        for (Host host : hosts) {
            if (host.ejected()) {
                readmit(host);
            }
            host.backoff = 0;
        }
    }

    private void readmit(Host host) {
        host.ejected(false);
        host.serverErrors.set(0);
        host.gatewayErrors.set(0);
        host.localFailures.set(0);
        cluster.stats().ejected.decrementAndGet();
        LOG.info("{} is back in {} after its ejection", host, cluster.key());
    }
}

package io.culvert.waypoint.router;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.Mirror;
import io.culvert.waypoint.http.RequestHead;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The copies of a request that are to be sent once it is complete. Owned by the request's loop. */
final class PendingMirrors {
    private final MirrorRequest.Origin origin;
    private final RequestHead head;
    private final long nanos;
    private final List<Cluster> clusters;

    private PendingMirrors(MirrorRequest.Origin origin, RequestHead head, long nanos, List<Cluster> clusters) {
        this.origin = origin;
        this.head = head;
        this.nanos = nanos;
        this.clusters = clusters;
    }

    /** Those that the rule's shares choose for this request; null for none. An upgrade is never mirrored. */
    static @Nullable PendingMirrors choose(HttpRule rule, MirrorRequest.Origin origin, RequestHead head) {
        if (rule.mirrors().isEmpty() || !head.upgrade().isEmpty()) {
            return null;
        }
        Router router = origin.router();
        List<Cluster> chosen = new ArrayList<>(rule.mirrors().size());
        for (Mirror mirror : rule.mirrors()) {
            if (router.chance().happens(mirror.millionths())) {
                Cluster cluster =
                        mirror.backend() instanceof Backend.ToCluster to ? Router.cluster(origin.table(), to) : null;
                if (cluster == null) {
                    router.telemetry().mirrorDropped();
                } else {
                    chosen.add(cluster);
                }
            }
        }
        if (chosen.isEmpty()) {
            return null;
        }
        long limit = rule.timeouts().request().toNanos();
        return new PendingMirrors(
                origin, head, limit > 0 ? limit : router.settings().mirrorTime().toNanos(), chosen);
    }

    /** The request is complete: sends what was chosen, unless its body was too long to be kept. */
    void send(RequestBody body) {
        for (Cluster cluster : clusters) {
            BodyCopy copy = body.isHeadOnly() ? null : body.shareCopy();
            if (copy == null && !body.isHeadOnly()) {
                origin.router().telemetry().mirrorDropped();
            } else {
                MirrorRequest.send(origin, cluster, head, copy, body.trailers(), nanos);
            }
        }
    }

    /** The request ended before it was complete. */
    void drop() {
        clusters.forEach(cluster -> origin.router().telemetry().mirrorDropped());
    }
}

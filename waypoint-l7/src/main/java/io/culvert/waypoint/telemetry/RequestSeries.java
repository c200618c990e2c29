package io.culvert.waypoint.telemetry;

import io.culvert.core.telemetry.DestinationService;
import io.culvert.core.telemetry.Peer;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The metrics of one label set. Any thread. */
final class RequestSeries {
    private static final double NANOS_PER_MILLI = 1e6;

    final Labels labels;
    private final AtomicLongArray buckets = new AtomicLongArray(RequestMetrics.BUCKETS.length);
    private final LongAdder nanos = new LongAdder();

    RequestSeries(String[] labelValues) {
        labels = Labels.of(RequestMetrics.LABELS, labelValues);
    }

    void count(long durationNanos) {
        double millis = durationNanos / NANOS_PER_MILLI;
        int bucket = 0;
        while (millis > RequestMetrics.BUCKETS[bucket]) {
            bucket++;
        }
        buckets.getAndIncrement(bucket);
        nanos.add(durationNanos);
    }

    long[] buckets() {
        long[] counts = new long[buckets.length()];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = buckets.get(i);
        }
        return counts;
    }

    double millis() {
        return nanos.sum() / NANOS_PER_MILLI;
    }

    /** What tells series apart. */
    record Key(
            Peer source,
            Peer destination,
            DestinationService service,
            String protocol,
            int status,
            String grpcStatus,
            String flags) {
        /** Values for {@link RequestMetrics#LABELS}. */
        String[] labels() {
            String[] values = new String[RequestMetrics.LABELS.length];
            values[0] = "waypoint";
            int i = fill(values, 1, source);
            values[i++] = service.host();
            values[i++] = service.namespace();
            values[i++] = service.name();
            i = fill(values, i, destination);
            values[i++] = protocol;
            values[i++] = Integer.toString(status);
            values[i++] = grpcStatus;
            values[i++] = flags;
            // Requests come through tunnels only.
            values[i] = "mutual_tls";
            return values;
        }

        private static int fill(String[] values, int at, Peer peer) {
            int i = at;
            values[i++] = orUnknown(peer.workload());
            values[i++] = orUnknown(peer.canonicalService());
            values[i++] = orUnknown(peer.canonicalRevision());
            values[i++] = orUnknown(peer.namespace());
            values[i++] = orUnknown(peer.principal());
            values[i++] = orUnknown(peer.app());
            values[i++] = orUnknown(peer.version());
            values[i++] = orUnknown(peer.cluster());
            return i;
        }

        private static String orUnknown(@Nullable String value) {
            return value == null || value.isEmpty() ? "unknown" : value;
        }
    }
}

package io.culvert.waypoint.telemetry;

import io.culvert.core.telemetry.Counter;
import io.culvert.core.telemetry.DestinationService;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Peer;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Istio's metrics of requests with the label set of its proxies, {@code reporter="waypoint"}. The number of label sets is
 * bounded: what does not fit is counted under labels that all read {@code overflow}. Any thread.
 */
final class RequestMetrics {
    static final int MAX_LABEL_SETS = 10_000;

    /** Upper bounds in milliseconds, as Istio's proxies have them. */
    static final double[] BUCKETS = {
        0.5,
        1,
        5,
        10,
        25,
        50,
        100,
        250,
        500,
        1000,
        2500,
        5000,
        10_000,
        30_000,
        60_000,
        300_000,
        600_000,
        1_800_000,
        3_600_000,
        Double.POSITIVE_INFINITY
    };

    static final String[] LABELS = {
        "reporter",
        "source_workload",
        "source_canonical_service",
        "source_canonical_revision",
        "source_workload_namespace",
        "source_principal",
        "source_app",
        "source_version",
        "source_cluster",
        "destination_service",
        "destination_service_namespace",
        "destination_service_name",
        "destination_workload",
        "destination_canonical_service",
        "destination_canonical_revision",
        "destination_workload_namespace",
        "destination_principal",
        "destination_app",
        "destination_version",
        "destination_cluster",
        "request_protocol",
        "response_code",
        "grpc_response_status",
        "response_flags",
        "connection_security_policy",
    };

    private final ConcurrentHashMap<RequestSeries.Key, RequestSeries> series = new ConcurrentHashMap<>();
    private final int maxLabelSets;
    private final RequestSeries overflow;
    private final Counter overflowed;

    RequestMetrics(MetricsRegistry registry, int maxLabelSets) {
        this.maxLabelSets = maxLabelSets;
        String[] values = new String[LABELS.length];
        Arrays.fill(values, "overflow");
        overflow = new RequestSeries(values);
        overflowed = registry.counter(
                "culvert_request_label_sets_overflow",
                "Requests counted under the overflow labels because there were too many label sets");
        registry.gauge("culvert_request_label_sets", "Label sets of the request metrics", series::size);
        registry.source(this::collect);
    }

    void count(
            Peer source,
            Peer destination,
            DestinationService service,
            String protocol,
            int status,
            @Nullable String grpcStatus,
            String flags,
            long durationNanos) {
        RequestSeries.Key key =
                new RequestSeries.Key(source, destination, service, protocol, status, grpcCode(grpcStatus), flags);
        RequestSeries found = series.get(key);
        if (found == null) {
            found = add(key);
        }
        found.count(durationNanos);
    }

    private RequestSeries add(RequestSeries.Key key) {
        if (series.size() >= maxLabelSets) {
            overflowed.inc();
            return overflow;
        }
        return series.computeIfAbsent(key, k -> new RequestSeries(k.labels()));
    }

    /** An app may send any text as status: only what can be one becomes a label. */
    private static String grpcCode(@Nullable String status) {
        if (status == null) {
            return "";
        }
        int length = status.length();
        boolean number = length > 0 && length <= 3;
        for (int i = 0; number && i < length; i++) {
            number = status.charAt(i) >= '0' && status.charAt(i) <= '9';
        }
        return number ? status : "2";
    }

    private void collect(Consumer<MetricSnapshot> out) {
        List<RequestSeries> all = new ArrayList<>(series.values());
        if (overflowed.get() > 0) {
            all.add(overflow);
        }
        List<CounterDataPointSnapshot> counts = new ArrayList<>(all.size());
        List<HistogramDataPointSnapshot> durations = new ArrayList<>(all.size());
        for (RequestSeries one : all) {
            long[] buckets = one.buckets();
            counts.add(new CounterDataPointSnapshot(Arrays.stream(buckets).sum(), one.labels, null, 0));
            List<Number> numbers = new ArrayList<>(buckets.length);
            for (long bucket : buckets) {
                numbers.add(bucket);
            }
            durations.add(new HistogramDataPointSnapshot(
                    ClassicHistogramBuckets.of(Arrays.stream(BUCKETS).boxed().toList(), numbers),
                    one.millis(),
                    one.labels,
                    Exemplars.EMPTY,
                    0));
        }
        out.accept(new CounterSnapshot(
                new MetricMetadata("istio_requests", "Requests by their response, as the waypoint saw them"), counts));
        out.accept(new HistogramSnapshot(
                new MetricMetadata(
                        "istio_request_duration_milliseconds", "From the request's head to the response's end"),
                durations));
    }
}

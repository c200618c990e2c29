package io.culvert.core.telemetry;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Istio's TCP metrics: {@code istio_tcp_*} with the label set of its proxies. The number of label sets is bounded: past
 * it, sets unused for an hour make room, and what still does not fit is counted under labels that all read
 * {@code overflow}. Any thread.
 */
final class TcpMetrics {
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
        "response_flags",
        "connection_security_policy",
    };

    private static final long UNUSED_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final long EVICT_PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final ConcurrentHashMap<TcpSeries.Key, TcpSeries> series = new ConcurrentHashMap<>();
    private final TcpSeries overflow;
    private final Counter overflowed;
    private final int maxLabelSets;
    private final LongSupplier nanoClock;
    private final AtomicLong nextEviction;

    TcpMetrics(MetricsRegistry registry, int maxLabelSets, LongSupplier nanoClock) {
        this.maxLabelSets = maxLabelSets;
        this.nanoClock = nanoClock;
        this.nextEviction = new AtomicLong(nanoClock.getAsLong());
        String[] values = new String[LABELS.length];
        Arrays.fill(values, "overflow");
        overflow = new TcpSeries(Labels.of(LABELS, values));
        overflowed = registry.counter(
                "culvert_metric_label_sets_overflow",
                "Connections counted under the overflow labels because there were too many label sets");
        registry.gauge("culvert_metric_label_sets", "Label sets of the TCP metrics", series::size);
        registry.source(this::collect);
    }

    TcpSeries series(ConnectionAttributes attributes, String flag) {
        TcpSeries.Key key = new TcpSeries.Key(attributes, flag);
        TcpSeries found = series.get(key);
        if (found == null) {
            found = add(key);
        }
        found.lastUsed = nanoClock.getAsLong();
        return found;
    }

    private TcpSeries add(TcpSeries.Key key) {
        if (series.size() >= maxLabelSets && !evict()) {
            overflowed.inc();
            return overflow;
        }
        return series.computeIfAbsent(key, k -> {
            TcpSeries added = new TcpSeries(k.labels());
            added.lastUsed = nanoClock.getAsLong();
            return added;
        });
    }

    /** A scan of all sets, so at most once a minute, whichever thread comes first. */
    private boolean evict() {
        long now = nanoClock.getAsLong();
        long due = nextEviction.get();
        if (now - due < 0 || !nextEviction.compareAndSet(due, now + EVICT_PAUSE_NANOS)) {
            return false;
        }
        series.values().removeIf(s -> now - s.lastUsed > UNUSED_NANOS);
        return series.size() < maxLabelSets;
    }

    private void collect(Consumer<MetricSnapshot> out) {
        List<TcpSeries> all = new ArrayList<>(series.values());
        if (overflowed.get() > 0) {
            all.add(overflow);
        }
        out.accept(family(
                all, "istio_tcp_connections_opened", "The total number of TCP connections opened", s -> s.opened));
        out.accept(family(
                all, "istio_tcp_connections_closed", "The total number of TCP connections closed", s -> s.closed));
        out.accept(family(
                all,
                "istio_tcp_connections_failed",
                "The total number of TCP connections that were refused or could not be established",
                s -> s.failed));
        // Istio's direction, whoever reports: "sent" is the response, "received" the request (istio#32399).
        out.accept(family(all, "istio_tcp_sent_bytes", "Bytes sent to the client, as the response", s -> s.sent));
        out.accept(family(
                all, "istio_tcp_received_bytes", "Bytes received from the client, as the request", s -> s.received));
    }

    private static CounterSnapshot family(
            List<TcpSeries> all, String name, String help, Function<TcpSeries, LongAdder> value) {
        List<CounterDataPointSnapshot> points = new ArrayList<>(all.size());
        for (TcpSeries s : all) {
            long sum = value.apply(s).sum();
            if (sum > 0) {
                points.add(new CounterDataPointSnapshot(sum, s.labels, null, 0));
            }
        }
        return new CounterSnapshot(new MetricMetadata(name, help), points);
    }
}

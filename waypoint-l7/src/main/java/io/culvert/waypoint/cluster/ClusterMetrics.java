package io.culvert.waypoint.cluster;

import io.culvert.waypoint.cluster.ClusterStats.Count;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * What the clusters in use count, for a scrape: what never happened to a cluster has no line. On the scraping thread; never
 * blocks.
 */
final class ClusterMetrics {
    private static final String CLUSTER = "cluster";

    private ClusterMetrics() {}

    static void collect(Collection<ClusterStats> clusters, Consumer<MetricSnapshot> sink) {
        List<CounterDataPointSnapshot> events = new ArrayList<>();
        for (ClusterStats stats : clusters) {
            for (Count count : Count.values()) {
                long value = stats.get(count);
                if (value > 0) {
                    events.add(new CounterDataPointSnapshot(
                            value,
                            Labels.of(
                                    CLUSTER,
                                    stats.cluster(),
                                    "event",
                                    count.name().toLowerCase(Locale.ROOT)),
                            null,
                            0));
                }
            }
        }
        sink.accept(new CounterSnapshot(
                new MetricMetadata(
                        "culvert_cluster_events",
                        "What happened in a cluster: tries, retries, connections, overflows, ejections"),
                events));
        gauge(clusters, sink, "connections", "Connections that are open or being made", ClusterStats::connections);
        gauge(clusters, sink, "pending_requests", "Requests that wait for a connection", ClusterStats::pending);
        gauge(clusters, sink, "requests", "Requests under way", ClusterStats::requests);
        gauge(clusters, sink, "retries", "Retries under way or waiting", ClusterStats::retries);
        gauge(clusters, sink, "ejected_endpoints", "Endpoints that are ejected now", ClusterStats::ejected);
    }

    /** One counter with one label. */
    static CounterSnapshot counter(String name, String help, String label, Map<String, Long> values) {
        List<CounterDataPointSnapshot> points = new ArrayList<>();
        values.forEach(
                (value, count) -> points.add(new CounterDataPointSnapshot(count, Labels.of(label, value), null, 0)));
        return new CounterSnapshot(new MetricMetadata(name, help), points);
    }

    private static void gauge(
            Collection<ClusterStats> clusters,
            Consumer<MetricSnapshot> sink,
            String name,
            String help,
            ToIntFunction<ClusterStats> value) {
        List<GaugeDataPointSnapshot> points = clusters.stream()
                .map(stats ->
                        new GaugeDataPointSnapshot(value.applyAsInt(stats), Labels.of(CLUSTER, stats.cluster()), null))
                .toList();
        sink.accept(new GaugeSnapshot(new MetricMetadata("culvert_cluster_" + name, help), points));
    }
}

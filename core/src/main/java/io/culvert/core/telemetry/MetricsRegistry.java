package io.culvert.core.telemetry;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of a process. Writers touch adders only; {@link #collect} reads them without a lock, so a scrape never
 * holds up the data path. Any thread.
 *
 * <p>Names are given without {@code _total}: the exposition adds it to counters.
 */
public final class MetricsRegistry {
    private record Family(String name, String help, CounterFamily counters) {}

    private record Gauge(
            @Nullable String labelName, @Nullable String labelValue, DoubleSupplier value) {
        Labels labels() {
            return labelName == null || labelValue == null ? Labels.EMPTY : Labels.of(labelName, labelValue);
        }
    }

    private record GaugeFamily(String name, String help, List<Gauge> gauges) {}

    private final Map<String, Family> counters = new ConcurrentHashMap<>();
    private final Map<String, GaugeFamily> gauges = new ConcurrentHashMap<>();
    private final List<Consumer<Consumer<MetricSnapshot>>> sources = new CopyOnWriteArrayList<>();

    /** A counter without labels; the same one again for the same name. */
    public Counter counter(String name, String help) {
        return counters(name, help).with();
    }

    /** Counters with labels; the same family again for the same name. */
    public CounterFamily counters(String name, String help, String... labelNames) {
        Family family = counters.computeIfAbsent(name, n -> new Family(n, help, new CounterFamily(labelNames.clone())));
        if (!List.of(family.counters().labelNames()).equals(List.of(labelNames))) {
            throw new IllegalArgumentException(name + " exists with other labels");
        }
        return family.counters();
    }

    /** A value that is asked for at each scrape, on the scraping thread; it must not block. */
    public void gauge(String name, String help, DoubleSupplier value) {
        addGauge(name, help, new Gauge(null, null, value));
    }

    /** One value of a family told apart by one label. */
    public void gauge(String name, String help, String labelName, String labelValue, DoubleSupplier value) {
        addGauge(name, help, new Gauge(labelName, labelValue, value));
    }

    /** A source of whole families, asked at each scrape on the scraping thread; it must not block. */
    public void source(Consumer<Consumer<MetricSnapshot>> source) {
        sources.add(source);
    }

    /** What all metrics say now, by name. */
    public MetricSnapshots collect() {
        TreeMap<String, MetricSnapshot> byName = new TreeMap<>();
        counters.values().forEach(family -> byName.put(family.name(), snapshot(family)));
        gauges.values().forEach(family -> byName.put(family.name(), snapshot(family)));
        for (Consumer<Consumer<MetricSnapshot>> source : sources) {
            source.accept(s -> byName.put(s.getMetadata().getName(), s));
        }
        return new MetricSnapshots(byName.values());
    }

    private void addGauge(String name, String help, Gauge gauge) {
        gauges.computeIfAbsent(name, n -> new GaugeFamily(n, help, new CopyOnWriteArrayList<>()))
                .gauges()
                .add(gauge);
    }

    /** One counter value that is kept elsewhere, for {@link #source}. */
    static CounterSnapshot counter(String name, String help, long value) {
        return new CounterSnapshot(
                new MetricMetadata(name, help), List.of(new CounterDataPointSnapshot(value, Labels.EMPTY, null, 0)));
    }

    private static CounterSnapshot snapshot(Family family) {
        List<CounterDataPointSnapshot> points = new ArrayList<>();
        family.counters().counters().forEach((values, counter) -> {
            Labels labels = Labels.of(family.counters().labelNames(), values.toArray(String[]::new));
            points.add(new CounterDataPointSnapshot(counter.get(), labels, null, 0));
        });
        return new CounterSnapshot(new MetricMetadata(family.name(), family.help()), points);
    }

    private static GaugeSnapshot snapshot(GaugeFamily family) {
        List<GaugeDataPointSnapshot> points = new ArrayList<>();
        for (Gauge gauge : family.gauges()) {
            points.add(new GaugeDataPointSnapshot(gauge.value().getAsDouble(), gauge.labels(), null));
        }
        return new GaugeSnapshot(new MetricMetadata(family.name(), family.help()), points);
    }
}

package io.culvert.core.telemetry;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.internal.ThreadExecutorMap;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The telemetry of a proxy: Istio's TCP metrics, our own, and the access log. Any thread. */
public final class MeshTelemetry implements Telemetry {
    /** How often the bytes of open connections reach the metrics. */
    public static final Duration FLUSH_PERIOD = Duration.ofSeconds(5);
    /** Label sets kept apart; some 0.5 KiB each. */
    public static final int MAX_LABEL_SETS = 10_000;

    private record CloseKey(Reporter reporter, Way way, CloseReason reason) {}

    private static final String NO_FLAG = CloseReason.OK.responseFlag();

    private final MetricsRegistry registry;
    private final AccessLog accessLog;
    private final TcpMetrics tcp;
    private final LongSupplier nanoClock;
    private final long flushNanos;
    private final FastThreadLocal<LoopRecords> loops = new FastThreadLocal<>();
    private final Map<Reporter, LongAdder> open = new EnumMap<>(Reporter.class);
    private final CounterFamily closes;
    private final Map<CloseKey, Counter> closeCounters = new ConcurrentHashMap<>();
    private final CounterFamily handshakeFailures;
    private final CounterFamily acceptErrors;

    public MeshTelemetry(MetricsRegistry registry, AccessLog accessLog) {
        this(registry, accessLog, System::nanoTime, FLUSH_PERIOD, MAX_LABEL_SETS);
    }

    MeshTelemetry(
            MetricsRegistry registry,
            AccessLog accessLog,
            LongSupplier nanoClock,
            Duration flushPeriod,
            int maxLabelSets) {
        this.registry = registry;
        this.accessLog = accessLog;
        this.nanoClock = nanoClock;
        this.flushNanos = flushPeriod.toNanos();
        this.tcp = new TcpMetrics(registry, maxLabelSets, nanoClock);
        this.closes = registry.counters(
                "culvert_connections_closed", "Connections ended, by reason", "reporter", "way", "reason");
        this.handshakeFailures = registry.counters(
                "culvert_tls_handshakes_failed",
                "TLS handshakes that failed, by our side and reason",
                "side",
                "reason");
        this.acceptErrors = registry.counters(
                "culvert_accept_errors", "Connections that a listener could not accept", "listener", "reason");
        for (Reporter reporter : Reporter.values()) {
            LongAdder count = new LongAdder();
            open.put(reporter, count);
            registry.gauge(
                    "istio_tcp_sockets_open",
                    "The current number of open captured TCP connections",
                    "reporter",
                    reporter.label(),
                    count::sum);
        }
    }

    @Override
    public ConnectionRecord open(ConnectionAttributes attributes) {
        long now = nanoClock.getAsLong();
        TcpSeries series = tcp.series(attributes, NO_FLAG);
        series.opened.increment();
        count(attributes).increment();
        LoopRecords loop = loopOfThread();
        ConnectionRecord record = new ConnectionRecord(this, attributes, series, now, loop);
        if (loop != null) {
            loop.add(record);
        }
        return record;
    }

    @Override
    public void refused(
            ConnectionAttributes attributes, CloseReason reason, @Nullable String detail, @Nullable String policy) {
        tcp.series(attributes, reason.responseFlag()).failed.increment();
        closeCounter(attributes, reason).inc();
        accessLog.log(new AccessLogEntry(attributes, false, 0, 0, 0, reason, detail, policy));
    }

    @Override
    public void handshakeFailed(Reporter side, String reason) {
        handshakeFailures
                .with(side == Reporter.SOURCE ? "client" : "server", reason)
                .inc();
    }

    @Override
    public void acceptFailed(String listener, String reason) {
        acceptErrors.with(listener, reason).inc();
    }

    @Override
    public MetricsRegistry metrics() {
        return registry;
    }

    void closed(ConnectionRecord record, CloseReason reason, @Nullable String detail, @Nullable String policy) {
        ConnectionAttributes attributes = record.attributes();
        if (record.loop != null) {
            record.loop.remove(record);
        }
        count(attributes).decrement();
        TcpSeries series = record.series();
        if (!reason.responseFlag().equals(NO_FLAG)) {
            series = tcp.series(attributes, reason.responseFlag());
        }
        series.closed.increment();
        if (reason.isFailure()) {
            series.failed.increment();
        }
        closeCounter(attributes, reason).inc();
        long duration = nanoClock.getAsLong() - record.openedNanos();
        accessLog.log(new AccessLogEntry(
                attributes, true, record.sentBytes(), record.receivedBytes(), duration, reason, detail, policy));
    }

    long nanoTime() {
        return nanoClock.getAsLong();
    }

    private LongAdder count(ConnectionAttributes attributes) {
        return Objects.requireNonNull(open.get(attributes.reporter()));
    }

    private Counter closeCounter(ConnectionAttributes a, CloseReason reason) {
        return closeCounters.computeIfAbsent(
                new CloseKey(a.reporter(), a.way(), reason),
                k -> closes.with(
                        k.reporter().label(), k.way().label(), k.reason().label()));
    }

    /** Null off the event loops: such a record reports its bytes at close only. */
    private @Nullable LoopRecords loopOfThread() {
        LoopRecords records = loops.getIfExists();
        if (records == null) {
            EventExecutor loop = ThreadExecutorMap.currentExecutor();
            if (loop == null || !loop.inEventLoop()) {
                return null;
            }
            records = new LoopRecords(loop, this, flushNanos);
            loops.set(records);
        }
        return records;
    }
}

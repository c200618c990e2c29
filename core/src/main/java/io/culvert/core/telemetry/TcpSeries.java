package io.culvert.core.telemetry;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The TCP metrics of one label set; records of connections keep it, so that counting is an add and no lookup. Any
 * thread.
 */
final class TcpSeries {
    final LongAdder opened = new LongAdder();
    final LongAdder closed = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder sent = new LongAdder();
    final LongAdder received = new LongAdder();
    final Labels labels;

    /** Nanoseconds; renewed while any connection of the series is open. */
    volatile long lastUsed;

    TcpSeries(Labels labels) {
        this.labels = labels;
    }

    /** What tells series apart: everything of the attributes that is a label, and the response flag. */
    static final class Key {
        private final Reporter reporter;
        private final SecurityPolicy security;
        private final Peer source;
        private final Peer destination;
        private final @Nullable DestinationService service;
        private final String flag;
        private final int hash;

        Key(ConnectionAttributes a, String flag) {
            this.reporter = a.reporter();
            this.security = a.security();
            this.source = a.source();
            this.destination = a.destination();
            this.service = a.service();
            this.flag = flag;
            int h = reporter.hashCode() * 31 + security.hashCode();
            h = h * 31 + source.labelHash();
            h = h * 31 + destination.labelHash();
            h = h * 31 + (service == null ? 0 : service.hashCode());
            this.hash = h * 31 + flag.hashCode();
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key k
                    && hash == k.hash
                    && reporter == k.reporter
                    && security == k.security
                    && flag.equals(k.flag)
                    && source.sameLabels(k.source)
                    && destination.sameLabels(k.destination)
                    && (service == null ? k.service == null : service.equals(k.service));
        }

        Labels labels() {
            String[] values = new String[TcpMetrics.LABELS.length];
            values[0] = reporter.label();
            int i = fill(values, 1, source);
            values[i++] = service == null ? UNKNOWN : service.host();
            values[i++] = service == null ? UNKNOWN : service.namespace();
            values[i++] = service == null ? UNKNOWN : service.name();
            i = fill(values, i, destination);
            values[i++] = "tcp";
            values[i++] = flag;
            values[i] = security.label();
            return Labels.of(TcpMetrics.LABELS, values);
        }
    }

    /** What Istio writes for a value that is not known. */
    static final String UNKNOWN = "unknown";

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
        return value == null || value.isEmpty() ? UNKNOWN : value;
    }
}

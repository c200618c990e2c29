package io.culvert.cni;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What the capture side has done since its start, for metrics. Any thread. */
public final class CaptureCounters {
    /** Things worth counting; the label is lower case with underscores. */
    public enum Event {
        /** A pod's listeners and rules stand for the first time. */
        ENROLLED,
        /** A pod left the mesh. */
        UNENROLLED,
        /** An attempt to capture a pod failed; it is tried again. */
        FAILED,
        /** Flushed or changed rules were put back. */
        HEALED_RULES,
        /** A missing routing rule or route was put back. */
        HEALED_ROUTE,
        /** Listeners that were not there any more were bound again. */
        HEALED_LISTENERS,
        /** A pod was captured in the namespace that replaced its own. */
        HEALED_NAMESPACE,
        /** Connections from before enrolment that were reset. */
        RESET_CONNECTIONS,
        /** CNI calls answered with an error. */
        CNI_ERRORS;

        public String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private final Map<Event, LongAdder> counts = new EnumMap<>(Event.class);

    CaptureCounters() {
        for (Event event : Event.values()) {
            counts.put(event, new LongAdder());
        }
    }

    public long get(Event event) {
        return adder(event).sum();
    }

    void count(Event event) {
        adder(event).increment();
    }

    void add(Event event, long number) {
        adder(event).add(number);
    }

    private LongAdder adder(Event event) {
        LongAdder adder = counts.get(event);
        if (adder == null) {
            throw new AssertionError(event);
        }
        return adder;
    }
}

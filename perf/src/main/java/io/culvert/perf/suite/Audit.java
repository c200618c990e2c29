package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.measure.MeshCounters;
import io.culvert.perf.result.Gap;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds the agents' counters against the load that was sent: no figure from a path whose checks, metrics or log were
 * off. One thread, a round at a time.
 */
final class Audit {
    private static final int LOOKS = 200;
    private static final double BETWEEN_LOOKS_SECONDS = 0.05;

    private final Variant variant;
    private final MeshCounters before;

    /** Before the round. */
    Audit(Variant variant) {
        this.variant = variant;
        this.before = MeshCounters.of(variant.agents());
    }

    /** After the round: what does not agree. Waits until the agents have seen the connections' ends, a while. */
    List<Gap> gaps(String series, JsonNode answer) {
        long opened = answer.get("opened").asLong();
        boolean plain = variant.topology().equals("relay");
        // On one node two sockets are joined, and the connection is recorded once, by its source.
        boolean once = plain || variant.topology().equals("same-node");
        MeshCounters counted = settled(opened, once);
        List<Gap> gaps = new ArrayList<>();
        compare(gaps, series, "connections opened, source", opened, counted.opened());
        compare(gaps, series, "connections closed, source", opened, counted.closed());
        compare(
                gaps,
                series,
                "bytes from the client, source",
                answer.get("bytes_out").asLong(),
                counted.received());
        compare(
                gaps,
                series,
                "bytes to the client, source",
                answer.get("bytes_in").asLong(),
                counted.sent());
        if (!plain) {
            compare(gaps, series, "authorization checks", opened, counted.checks());
        }
        if (once) {
            compare(
                    gaps,
                    series,
                    "access-log lines, written and dropped",
                    opened,
                    counted.logged() + counted.dropped());
            return gaps;
        }
        compare(gaps, series, "connections opened, destination", opened, counted.destinationOpened());
        compare(
                gaps,
                series,
                "bytes from the client, destination",
                answer.get("bytes_out").asLong(),
                counted.destinationReceived());
        compare(
                gaps,
                series,
                "access-log lines, written and dropped",
                2 * opened,
                counted.logged() + counted.dropped());
        return gaps;
    }

    private MeshCounters settled(long opened, boolean once) {
        for (int i = 0; ; i++) {
            MeshCounters counted = MeshCounters.of(variant.agents()).since(before);
            boolean destination = once || counted.destinationClosed() >= opened;
            boolean logged = counted.logged() + counted.dropped() >= (once ? opened : 2 * opened);
            if (i == LOOKS || (counted.closed() >= opened && destination && logged)) {
                return counted;
            }
            Waits.pass(BETWEEN_LOOKS_SECONDS);
        }
    }

    private static void compare(List<Gap> gaps, String series, String what, long expected, long seen) {
        if (expected != seen) {
            gaps.add(new Gap(series, what, expected, seen));
        }
    }
}

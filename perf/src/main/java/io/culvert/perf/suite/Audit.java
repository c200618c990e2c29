package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.measure.MeshCounters;
import io.culvert.perf.result.Gap;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds the agents' counters against the load that was sent: no figure from a path whose checks, metrics or log were
 * off. One thread, a round at a time.
 */
final class Audit {
    private static final int LOOKS = 200;
    private static final double BETWEEN_LOOKS_SECONDS = 0.05;

    private final Variant variant;
    private final MeshCounters before;
    private final Waypoint.@Nullable Counted requestsBefore;

    /** Before the round. */
    Audit(Variant variant) {
        this.variant = variant;
        this.before = MeshCounters.of(variant.agents());
        Waypoint waypoint = variant.waypoint();
        this.requestsBefore = waypoint == null ? null : quiet(waypoint);
    }

    /** After the round: what does not agree. Waits until the agents have seen the connections' ends, a while. */
    List<Gap> gaps(String series, JsonNode answer) {
        Waypoint waypoint = variant.waypoint();
        if (waypoint != null && requestsBefore != null) {
            return gaps(series, answer, waypoint, requestsBefore);
        }
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

    /**
     * The way by a waypoint: the client's side is counted as ever, each request and its line by the waypoint. How many
     * connections the waypoint needs to the server is its own affair.
     */
    private List<Gap> gaps(String series, JsonNode answer, Waypoint waypoint, Waypoint.Counted requestsBefore) {
        long opened = answer.get("opened").asLong();
        long requests = answer.get("requests").asLong();
        MeshCounters agents = MeshCounters.of(variant.agents()).since(before);
        Waypoint.Counted counted = waypoint.counted().since(requestsBefore);
        for (int i = 0;
                i < LOOKS && !(agents.closed() >= opened && counted.requests() >= requests && counted.settled());
                i++) {
            Waits.pass(BETWEEN_LOOKS_SECONDS);
            agents = MeshCounters.of(variant.agents()).since(before);
            counted = waypoint.counted().since(requestsBefore);
        }
        return gaps(series, answer, agents, counted);
    }

    /** What a round by a waypoint was and what agents and waypoint say of it. */
    static List<Gap> gaps(String series, JsonNode answer, MeshCounters agents, Waypoint.Counted counted) {
        long opened = answer.get("opened").asLong();
        long requests = answer.get("requests").asLong();
        List<Gap> gaps = new ArrayList<>();
        compare(gaps, series, "connections opened, source", opened, agents.opened());
        compare(gaps, series, "connections closed, source", opened, agents.closed());
        // Not every program counts its bytes.
        if (answer.get("bytes_out").asLong() >= 0) {
            compare(
                    gaps,
                    series,
                    "bytes from the client, source",
                    answer.get("bytes_out").asLong(),
                    agents.received());
            compare(
                    gaps,
                    series,
                    "bytes to the client, source",
                    answer.get("bytes_in").asLong(),
                    agents.sent());
        }
        compare(gaps, series, "requests, waypoint", requests, counted.requests());
        compare(
                gaps,
                series,
                "access-log lines, written and dropped, waypoint",
                requests,
                counted.logged() + counted.dropped());
        compare(gaps, series, "access-log lines in the file, waypoint", requests - counted.dropped(), counted.lines());
        return gaps;
    }

    /** What the waypoint has counted when everything of the round before is in its log. */
    private static Waypoint.Counted quiet(Waypoint waypoint) {
        Waypoint.Counted counted = waypoint.counted();
        for (int i = 0; i < LOOKS; i++) {
            Waits.pass(BETWEEN_LOOKS_SECONDS);
            Waypoint.Counted again = waypoint.counted();
            if (again.equals(counted)) {
                break;
            }
            counted = again;
        }
        return counted;
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

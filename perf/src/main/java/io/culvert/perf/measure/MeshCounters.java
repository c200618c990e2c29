package io.culvert.perf.measure;

import io.culvert.lab.AgentProcess;
import java.util.List;

/**
 * What the agents of a path have counted, summed over them. Immutable.
 *
 * @param opened connections opened, by the source's side
 * @param closed connections closed, by the source's side
 * @param failed connections that failed, either side
 * @param received bytes from the client, by the source's side
 * @param sent bytes to the client, by the source's side
 * @param destinationOpened connections opened, by the destination's side
 * @param destinationClosed connections closed, by the destination's side
 * @param destinationReceived bytes from the client, by the destination's side
 * @param checks connections held against policy
 * @param logged access-log lines written or dropped
 * @param dropped of those, dropped
 */
public record MeshCounters(
        long opened,
        long closed,
        long failed,
        long received,
        long sent,
        long destinationOpened,
        long destinationClosed,
        long destinationReceived,
        long checks,
        long logged,
        long dropped) {

    public static MeshCounters of(List<AgentProcess> agents) {
        long[] sums = new long[11];
        for (AgentProcess agent : agents) {
            agent.metrics().lines().forEach(line -> add(line, sums));
        }
        return new MeshCounters(
                sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], sums[8], sums[9], sums[10]);
    }

    private static void add(String line, long[] sums) {
        if (line.startsWith("#")) {
            return;
        }
        int end = line.indexOf('{') >= 0 ? line.indexOf('{') : line.indexOf(' ');
        boolean source = line.contains("reporter=\"source\"");
        int at = switch (line.substring(0, end)) {
            case "istio_tcp_connections_opened_total" -> source ? 0 : 5;
            case "istio_tcp_connections_closed_total" -> source ? 1 : 6;
            case "istio_tcp_connections_failed_total" -> 2;
            case "istio_tcp_received_bytes_total" -> source ? 3 : 7;
            case "istio_tcp_sent_bytes_total" -> source ? 4 : -1;
            case "culvert_authorization_checks_total" -> 8;
            case "culvert_access_log_lines_total" -> 9;
            case "culvert_access_log_dropped_total" -> 10;
            default -> -1;
        };
        if (at >= 0) {
            String value = line.substring(line.lastIndexOf('}') >= 0 ? line.lastIndexOf('}') + 2 : end + 1);
            sums[at] += Math.round(Double.parseDouble(value.split(" ", 2)[0]));
        }
    }

    /** What was counted since {@code earlier}. */
    public MeshCounters since(MeshCounters earlier) {
        return new MeshCounters(
                opened - earlier.opened,
                closed - earlier.closed,
                failed - earlier.failed,
                received - earlier.received,
                sent - earlier.sent,
                destinationOpened - earlier.destinationOpened,
                destinationClosed - earlier.destinationClosed,
                destinationReceived - earlier.destinationReceived,
                checks - earlier.checks,
                logged - earlier.logged,
                dropped - earlier.dropped);
    }
}

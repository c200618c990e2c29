package io.culvert.lab.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.LabPod;
import io.culvert.lab.TextTable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Who talks to whom, as whom, how well protected and how fast. */
final class EdgeTable {
    private static final int CONNECTS = 100;
    private static final int ROUND_TRIPS = 500;

    /** Nanoseconds, sorted. */
    private static final class Samples {
        private final long[] nanos;

        Samples(long[] nanos) {
            this.nanos = nanos.clone();
            Arrays.sort(this.nanos);
        }

        String percentiles() {
            return millis(nanos[nanos.length / 2]) + " / " + millis(nanos[nanos.length * 99 / 100]);
        }

        private static String millis(long nanos) {
            return String.format(Locale.ROOT, "%.2f", nanos / 1e6);
        }
    }

    private EdgeTable() {}

    /** Measures every edge and returns the table; times in milliseconds. */
    static String measure(DemoCluster cluster) throws IOException {
        TextTable table = new TextTable(
                "SOURCE",
                "DESTINATION",
                "IDENTITY",
                "SECURED",
                "CONNS",
                "BYTES",
                "CONNECT p50/p99 ms",
                "ROUND TRIP p50/p99 ms");
        for (Edge edge : edges(cluster)) {
            Samples connects = connects(edge);
            Samples roundTrips = roundTrips(edge);
            Flows flows = Flows.of(edge);
            table.row(
                    edge.source().name().replaceFirst("-\\w+-\\w{5}$", "") + " "
                            + edge.source().node().name(),
                    edge.destination().name().replaceFirst("-\\w+-\\w{5}$", "") + " "
                            + edge.destination().node().name(),
                    flows.identity(),
                    flows.secured(),
                    Integer.toString(flows.connections()),
                    Long.toString(flows.bytes()),
                    connects.percentiles(),
                    roundTrips.percentiles());
        }
        return table.toString();
    }

    private static List<Edge> edges(DemoCluster cluster) {
        LabPod client = cluster.client();
        LabPod front = cluster.front();
        LabPod report = cluster.report();
        LabPod billing = cluster.billing();
        return List.of(
                http(client, front, cluster.address("front"), 80),
                http(front, cluster.web(), cluster.address("web"), 8080),
                database(client, cluster),
                database(report, cluster),
                http(billing, front, cluster.address("front"), 80),
                http(report, billing, billing.ip4(), 80));
    }

    private static Edge http(LabPod source, LabPod destination, String address, int port) {
        return new Edge(
                source, destination, () -> new HttpSession(source.sockets(), address, port, DemoCluster.PATIENCE));
    }

    private static Edge database(LabPod source, DemoCluster cluster) {
        return new Edge(
                source,
                cluster.database(),
                () -> new PostgresSession(source.sockets(), cluster.address("db"), 5432, DemoCluster.PATIENCE));
    }

    private static Samples connects(Edge edge) throws IOException {
        long[] nanos = new long[CONNECTS];
        for (int i = 0; i < CONNECTS; i++) {
            try (Session session = edge.session().open()) {
                session.ask("connect" + i);
                nanos[i] = session.connectNanos();
            }
        }
        return new Samples(nanos);
    }

    private static Samples roundTrips(Edge edge) throws IOException {
        long[] nanos = new long[ROUND_TRIPS];
        try (Session session = edge.session().open()) {
            session.ask("first");
            for (int i = 0; i < ROUND_TRIPS; i++) {
                long start = System.nanoTime();
                session.ask("question" + i);
                nanos[i] = System.nanoTime() - start;
            }
        }
        return new Samples(nanos);
    }

    /** What the agents' access logs say of an edge: the source's agent, or the destination's for a pod outside. */
    private record Flows(String identity, String secured, int connections, long bytes) {
        static Flows of(Edge edge) {
            // The last of the connections just closed is still on its way to the log.
            DemoCluster.awaitLogLine(reporter(edge), "the edge", line -> belongs(line, edge));
            String identity = "-";
            String secured = "-";
            int connections = 0;
            long bytes = 0;
            for (JsonNode line : DemoCluster.accessLog(reporter(edge))) {
                if (belongs(line, edge) && line.path("message").asText().equals("connection complete")) {
                    identity = line.path("dst.identity").asText("-");
                    secured = line.path("secured").asText().replace("unknown", "plaintext");
                    connections++;
                    bytes += line.path("bytes_sent").asLong()
                            + line.path("bytes_recv").asLong();
                }
            }
            return new Flows(identity, secured, connections, bytes);
        }

        private static boolean meshed(LabPod pod) {
            return pod.namespace().equals("shop");
        }

        private static LabPod reporter(Edge edge) {
            return meshed(edge.source()) ? edge.source() : edge.destination();
        }

        private static boolean belongs(JsonNode line, Edge edge) {
            String direction = meshed(edge.source()) ? "outbound" : "inbound";
            return line.path("direction").asText().equals(direction)
                    && line.path("src.addr").asText().startsWith(edge.source().ip4() + ":")
                    && line.path("dst.addr")
                            .asText()
                            .startsWith(edge.destination().ip4() + ":");
        }
    }
}

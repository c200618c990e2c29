package io.culvert.lab.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.io.IOException;

/** Each side's agent saw the other side's SPIFFE ID: on the open connection, and in the access log when it is over. */
public final class MutualIdentity implements Check {
    private final DemoCluster cluster;

    public MutualIdentity(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "each side saw the other's identity";
    }

    @Override
    public String run() throws IOException {
        LabPod client = cluster.client();
        LabPod front = cluster.front();
        String source = client.ip4() + ":";
        try (Session session = new HttpSession(client.sockets(), cluster.address("front"), 80, DemoCluster.PATIENCE)) {
            session.ask("who-are-you");
            source += session.localPort();
            String from = source;
            Poll.untilTrue(
                    DemoCluster.PATIENCE,
                    "the client's agent does not show the connection from " + from,
                    () -> connections(client, "outbound", "src", from) > 0);
            long incoming = connections(front, "inbound", "identity", DemoCluster.identity("client"));
            CheckFailure.unless(
                    incoming > 0, "the server's side has no connection of " + DemoCluster.identity("client"));
        }
        String from = source;
        JsonNode sent = DemoCluster.awaitLogLine(
                client, from, line -> line.path("src.addr").asText().equals(from));
        expect(sent, "dst.identity", DemoCluster.identity("front"));
        expect(sent, "secured", "mutual_tls");
        JsonNode received = DemoCluster.awaitLogLine(
                front,
                "a connection from the client",
                line -> line.path("direction").asText().equals("inbound")
                        && line.path("src.workload").asText().equals(client.name()));
        expect(received, "src.identity", DemoCluster.identity("client"));
        expect(received, "dst.identity", DemoCluster.identity("front"));
        expect(received, "secured", "mutual_tls");
        return "%s logged %s; %s logged %s"
                .formatted(
                        client.node().name(),
                        sent.path("dst.identity").asText(),
                        front.node().name(),
                        received.path("src.identity").asText());
    }

    private static long connections(LabPod pod, String direction, String field, String value) {
        return DemoCluster.page(pod, "/connections").stream()
                .filter(c -> c.path("direction").asText().equals(direction)
                        && c.path(field).asText().equals(value))
                .count();
    }

    private static void expect(JsonNode line, String field, String value) {
        CheckFailure.unless(line.path(field).asText().equals(value), field + " is not " + value + " in " + line);
    }
}

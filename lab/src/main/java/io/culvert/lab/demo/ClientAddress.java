package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;

/** Servers see the address of the client's pod, not of a proxy: nginx in its log, PostgreSQL in its session. */
public final class ClientAddress implements Check {
    private final DemoCluster cluster;

    public ClientAddress(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "servers see the client's address";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        String token = "token-" + Long.toHexString(System.nanoTime());
        client.sh("curl -sS -4 -o /tmp/out http://front/" + token + "-v4; curl -sS -6 -o /tmp/out http://front/" + token
                        + "-v6")
                .orThrow();
        String log = Poll.until(DemoCluster.PATIENCE, "nginx has not logged " + token, () -> {
            String lines = cluster.front()
                    .sh("grep " + token + " /tmp/access.log || true")
                    .orThrow();
            return lines.lines().count() == 2 ? lines : null;
        });
        CheckFailure.unless(
                log.contains(client.ip4() + " /" + token + "-v4") && log.contains(client.ip6() + " /" + token + "-v6"),
                "nginx logged " + log.replace('\n', ';') + " for a client at " + client.ip4() + " and " + client.ip6());
        String session = client.exec("psql", "-h", "db", "-U", "postgres", "-Atc", "select inet_client_addr()")
                .orThrow();
        CheckFailure.unless(
                session.equals(client.ip4()) || session.equals(client.ip6()),
                "PostgreSQL saw " + session + " for a client at " + client.ip4() + " and " + client.ip6());
        return "nginx logged %s and %s, PostgreSQL saw %s".formatted(client.ip4(), client.ip6(), session);
    }
}

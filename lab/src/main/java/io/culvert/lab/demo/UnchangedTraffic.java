package io.culvert.lab.demo;

import io.culvert.lab.LabPod;

/** curl through two tiers of nginx and psql get what the servers have, byte for byte. */
public final class UnchangedTraffic implements Check {
    private final DemoCluster cluster;

    public UnchangedTraffic(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "traffic flows unchanged";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        String kept =
                cluster.web().sh("sha256sum < /tmp/www/catalogue").orThrow().split(" ", 2)[0];
        String got = client.sh("curl -sSf http://front/catalogue | tee /tmp/got | sha256sum")
                .orThrow()
                .split(" ", 2)[0];
        String bytes = client.sh("wc -c < /tmp/got").orThrow();
        CheckFailure.unless(kept.equals(got), "curl got " + bytes + " bytes with SHA-256 " + got + ", web has " + kept);
        String sum = client.exec(
                        "psql", "-h", "db", "-U", "postgres", "-Atc", "select sum(n) from generate_series(1, 100000) n")
                .orThrow();
        CheckFailure.unless(sum.equals("5000050000"), "psql got " + sum + " instead of 5000050000");
        String six =
                client.sh("curl -sSf -6 http://front/catalogue | sha256sum").orThrow();
        CheckFailure.unless(six.startsWith(kept), "by IPv6 curl got something else: " + six);
        return "curl > front > web: %s bytes, SHA-256 %s at both ends, by IPv4 and IPv6; psql > db: 100000 rows summed"
                .formatted(bytes, kept.substring(0, 12));
    }
}

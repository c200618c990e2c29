package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;
import java.util.Map;

/** One of two pods answers everything with 500: outlier detection of a DestinationRule takes it out of use. */
public final class EjectedPod implements Check {
    private static final int THRESHOLD = 3;
    private static final String RULE = """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: offers, namespace: shop}
            spec:
              host: offers
              trafficPolicy:
                outlierDetection:
                  consecutive5xxErrors: %d
                  interval: 1s
                  baseEjectionTime: 60s
                  maxEjectionPercent: 50
            """.formatted(THRESHOLD);
    private static final int WITHOUT = 100;
    private static final int ROUND = 10;
    private static final int WITH = 300;

    private final DemoCluster cluster;

    public EjectedPod(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "a bad pod is ejected";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        LabPod bad = cluster.cart("v2");
        cluster.awaitAnswers("offers");
        double counted = failures();
        Answers plain = Answers.get(client, WITHOUT, "offers/before");
        int seen = plain.count(500);
        CheckFailure.unless(
                seen > 0 && plain.count("v1", 200) == WITHOUT - seen,
                "without the rule both pods should be in use: " + plain);
        cluster.lab().apply(RULE);
        try {
            int until = 0;
            long start = System.nanoTime();
            String line = ejection();
            while (line.isEmpty()) {
                CheckFailure.unless(
                        System.nanoTime() - start < cluster.effect().toNanos(),
                        "after " + cluster.effect().toMillis() + " ms and " + until
                                + " more failures the bad pod is still in use");
                until += Answers.get(client, ROUND, "offers/until").count(500);
                line = ejection();
            }
            Duration after = Duration.ofNanos(System.nanoTime() - start);
            CheckFailure.unless(until >= THRESHOLD, "the pod was ejected after " + until + " failures: " + line);
            String path = AppLog.freshPath("ejected");
            Answers answers = Answers.get(client, WITH, "offers" + path);
            CheckFailure.unless(
                    answers.count("v1", 200) == WITH, "after the ejection not every answer was good: " + answers);
            AppLog.expect(cluster, cluster.cart("v1"), path, 200, WITH);
            AppLog.expect(cluster, bad, path, 500, 0);
            CheckFailure.unless(bad.ready(), "the pod is not ready, so it is not the mesh that left it out");
            metric(counted, seen + until);
            return "without it %d of %d requests failed; ejected after %d ms and %d failures, then 0 of %d failed, 0 at the bad pod (waypoint's log: %s; metric: %d failures)"
                    .formatted(seen, WITHOUT, after.toMillis(), until, WITH, line, seen + until);
        } finally {
            cluster.lab().delete("DestinationRule", "shop", "offers");
        }
    }

    /** What the waypoint says of the ejection, "" before it. */
    private String ejection() {
        return cluster.waypoint()
                .meshLog()
                .lines()
                .filter(line -> line.contains(" ejected from ") && line.contains("offers"))
                .map(line -> line.substring(line.indexOf("ejected from")).split("\\. See", 2)[0])
                .findFirst()
                .orElse("");
    }

    /** Waits until the waypoint has counted as many failures as its client saw. */
    private void metric(double before, int seen) {
        double counted = Poll.until(cluster.effect(), "the waypoint has not counted " + seen + " failures", () -> {
            double now = failures() - before;
            return now >= seen ? now : null;
        });
        CheckFailure.unless(
                counted == seen, "the client saw " + seen + " failures, and the waypoint counted " + counted);
    }

    private double failures() {
        return Metrics.sum(
                cluster.waypointMetrics(),
                "istio_requests_total",
                Map.of("destination_service_name", "offers", "response_code", "500"));
    }
}

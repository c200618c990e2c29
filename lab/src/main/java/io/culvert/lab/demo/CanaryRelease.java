package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;

/** An HTTPRoute sends a tenth of the requests to a new version, and all that bear a header. */
public final class CanaryRelease implements Check {
    private static final String ROUTE = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: cart, namespace: shop}
            spec:
              parentRefs: [{group: "", kind: Service, name: cart}]
              rules:
                - matches: [{headers: [{name: x-group, value: testers}]}]
                  backendRefs: [{name: cart-v2, port: 80}]
                - backendRefs: [{name: cart-v1, port: 80, weight: 90}, {name: cart-v2, port: 80, weight: 10}]
            """;
    private static final String HEADER = "x-group: testers";
    private static final int TESTERS = 100;
    /** So many that none of them is at v2 by chance alone: without a route half of them would be. */
    private static final int PROBES = 20;

    private static final Share CANARY = new Share(1_000, 10);

    private final DemoCluster cluster;

    public CanaryRelease(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "a canary gets a tenth, and all testers";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        cluster.lab().apply(ROUTE);
        try {
            Duration after = Poll.untilTrue(
                    cluster.effect(),
                    "requests with the header still reach v1",
                    () -> Answers.get(client, PROBES, "cart/probe", HEADER).count("v2", 200) == PROBES);
            String path = AppLog.freshPath("canary");
            Answers everybody = Answers.get(client, CANARY.requests(), "cart" + path);
            int old = everybody.count("v1", 200);
            int canary = everybody.count("v2", 200);
            CheckFailure.unless(
                    old + canary == CANARY.requests(), "not every request was answered by v1 or v2: " + everybody);
            CANARY.verify("answered by v2 without the header", canary);
            Answers testers = Answers.get(client, TESTERS, "cart" + path, HEADER);
            CheckFailure.unless(
                    testers.count("v2", 200) == TESTERS, "not every request with the header reached v2: " + testers);
            AppLog.expect(cluster, cluster.cart("v1"), path, 200, old);
            AppLog.expect(cluster, cluster.cart("v2"), path, 200, canary + TESTERS);
            return "of %d requests %d at v1, %d at v2 (%s); %d of %d with the header at v2; in force after %d ms"
                    .formatted(CANARY.requests(), old, canary, CANARY.bound(), TESTERS, TESTERS, after.toMillis());
        } finally {
            cluster.lab().delete("HTTPRoute", "shop", "cart");
        }
    }
}

package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;

/** An HTTPRoute sends a copy of every request to another service, whose answers nobody sees. */
public final class MirroredRequests implements Check {
    private static final String ROUTE = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: cart, namespace: shop}
            spec:
              parentRefs: [{group: "", kind: Service, name: cart}]
              rules:
                - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: cart-v2, port: 80}}}]
                  backendRefs: [{name: cart-v1, port: 80}]
            """;
    private static final int REQUESTS = 500;
    /** So many that none of them is at v1 by chance alone: without a route half of them would be. */
    private static final int PROBES = 20;

    private final DemoCluster cluster;

    public MirroredRequests(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "a mirror gets a copy of every request";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        cluster.lab().apply(ROUTE);
        try {
            Duration after = Poll.untilTrue(
                    cluster.effect(),
                    "requests still reach v2",
                    () -> Answers.get(client, PROBES, "cart/probe").count("v1", 200) == PROBES);
            String path = AppLog.freshPath("mirrored");
            Answers answers = Answers.get(client, REQUESTS, "cart" + path);
            CheckFailure.unless(answers.count("v1", 200) == REQUESTS, "not every answer was that of v1: " + answers);
            AppLog.expect(cluster, cluster.cart("v1"), path, 200, REQUESTS);
            AppLog.expect(cluster, cluster.cart("v2"), path, 200, REQUESTS);
            return "%d of %d answers came from v1; v1 logged %d requests, the mirror v2 %d; in force after %d ms"
                    .formatted(REQUESTS, REQUESTS, REQUESTS, REQUESTS, after.toMillis());
        } finally {
            cluster.lab().delete("HTTPRoute", "shop", "cart");
        }
    }
}

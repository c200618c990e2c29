package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;

/** A pod answers every other request with 503: retries of a VirtualService keep that from its clients. */
public final class HiddenFailures implements Check {
    private static final String RETRIES = """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: stock, namespace: shop}
            spec:
              hosts: [stock]
              http:
                - route: [{destination: {host: stock}}]
                  retries: {attempts: 3, retryOn: gateway-error, backoff: 5ms}
            """;
    private static final int WITHOUT = 100;
    private static final int WITH = 200;
    /** Two in a row are never both good without a retry. */
    private static final int PROBES = 4;

    private final DemoCluster cluster;

    public HiddenFailures(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "a retry hides a flaky pod";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        LabPod flaky = cluster.cart("v2");
        cluster.awaitAnswers("stock");
        String before = AppLog.freshPath("before");
        Answers plain = Answers.get(client, WITHOUT, "stock" + before);
        int seen = plain.count(503);
        CheckFailure.unless(
                seen == WITHOUT / 2 && plain.count("v2", 200) == WITHOUT - seen,
                "without retries half of the requests should fail: " + plain);
        AppLog.expect(cluster, flaky, before, 503, seen);
        cluster.lab().apply(RETRIES);
        try {
            Duration after = Poll.untilTrue(
                    cluster.effect(),
                    "failures of the pod still reach the client",
                    () -> Answers.get(client, PROBES, "stock/probe").count("v2", 200) == PROBES);
            String path = AppLog.freshPath("retried");
            Answers retried = Answers.get(client, WITH, "stock" + path);
            CheckFailure.unless(retried.count("v2", 200) == WITH, "failures of the pod reached the client: " + retried);
            AppLog.expect(cluster, flaky, path, 200, WITH);
            int hidden = AppLog.count(flaky, path, 503);
            // Every other try fails, so there are as many of them as answers, but for the one that the turn began with.
            CheckFailure.unless(
                    hidden >= WITH - 1, "the pod answered only " + hidden + " tries with 503, so nothing was hidden");
            return "without it %d of %d requests failed; with it 0 of %d, while the pod answered %d tries with 503; in force after %d ms"
                    .formatted(seen, WITHOUT, WITH, hidden, after.toMillis());
        } finally {
            cluster.lab().delete("VirtualService", "shop", "stock");
        }
    }
}

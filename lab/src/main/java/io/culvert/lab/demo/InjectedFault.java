package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;

/** Faults of a VirtualService: half of the requests are refused, those with a header are late, and no app is to blame. */
public final class InjectedFault implements Check {
    private static final Duration DELAY = Duration.ofMillis(200);
    private static final String FAULTS = """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: cart, namespace: shop}
            spec:
              hosts: [cart]
              http:
                - match: [{headers: {x-fault: {exact: delay}}}]
                  fault: {delay: {percentage: {value: 100}, fixedDelay: %dms}}
                  route: [{destination: {host: cart}}]
                - fault: {abort: {percentage: {value: 50}, httpStatus: 503}}
                  route: [{destination: {host: cart}}]
            """.formatted(DELAY.toMillis());
    /** What the waypoint says with an abort, which tells it from other 503s. */
    private static final String REFUSAL = "fault filter abort";

    private static final Share ABORTED = new Share(400, 50);
    private static final int DELAYED = 10;

    private final DemoCluster cluster;

    public InjectedFault(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "faults are injected as asked";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        cluster.lab().apply(FAULTS);
        try {
            Duration after = Poll.untilTrue(
                    cluster.effect(),
                    "no request is refused",
                    () -> Answers.get(client, 2, "cart/probe").count(REFUSAL, 503) > 0);
            String path = AppLog.freshPath("fault");
            Answers answers = Answers.get(client, ABORTED.requests(), "cart" + path);
            int aborted = answers.count(REFUSAL, 503);
            int byV1 = answers.count("v1", 200);
            int byV2 = answers.count("v2", 200);
            CheckFailure.unless(
                    aborted + byV1 + byV2 == ABORTED.requests(), "not every request was served or refused: " + answers);
            ABORTED.verify("refused with 503", aborted);
            AppLog.expect(cluster, cluster.cart("v1"), path, 200, byV1);
            AppLog.expect(cluster, cluster.cart("v2"), path, 200, byV2);
            Answers late = Answers.get(client, DELAYED, "cart" + path, "x-fault: delay");
            CheckFailure.unless(
                    late.count("v1", 200) + late.count("v2", 200) == DELAYED,
                    "not every late request was served: " + late);
            CheckFailure.unless(
                    late.fastest().compareTo(DELAY) >= 0,
                    "a request was late by " + late.fastest().toMillis() + " ms only");
            return "%d of %d requests refused with 503 (%s), the other %d reached an app; %d of %d with the header took %d to %d ms for a delay of %d ms; in force after %d ms"
                    .formatted(
                            aborted,
                            ABORTED.requests(),
                            ABORTED.bound(),
                            byV1 + byV2,
                            DELAYED,
                            DELAYED,
                            late.fastest().toMillis(),
                            late.slowest().toMillis(),
                            DELAY.toMillis(),
                            after.toMillis());
        } finally {
            cluster.lab().delete("VirtualService", "shop", "cart");
        }
    }
}

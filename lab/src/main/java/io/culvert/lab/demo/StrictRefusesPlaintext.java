package io.culvert.lab.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.ExecResult;
import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;

/** A STRICT PeerAuthentication refuses the pod outside the mesh, and nobody inside. */
public final class StrictRefusesPlaintext implements Check {
    private static final String POLICY = """
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: default, namespace: shop}
            spec:
              mtls: {mode: STRICT}
            """;

    private final DemoCluster cluster;

    public StrictRefusesPlaintext(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "STRICT refuses the pod outside the mesh";
    }

    @Override
    public String run() {
        LabPod billing = cluster.billing();
        ExecResult before = fetch(billing);
        CheckFailure.unless(before.out().equals("200"), "before the policy the pod was refused: " + before.describe());
        cluster.lab().apply(POLICY);
        try {
            Duration after = Poll.untilTrue(
                    cluster.effect(),
                    "the pod outside the mesh is still served",
                    () -> !fetch(billing).ok());
            ExecResult refused = fetch(billing);
            CheckFailure.unless(!refused.ok(), "the pod outside the mesh is served again");
            ExecResult meshed = fetch(cluster.client());
            CheckFailure.unless(
                    meshed.out().equals("200"), "the pod in the mesh is refused, too: " + meshed.describe());
            CheckFailure.unless(!fetch(billing, "-6").ok(), "by IPv6 the pod outside the mesh is served");
            JsonNode line = DemoCluster.awaitLogLine(
                    cluster.front(),
                    "the refusal",
                    l -> l.path("src.workload").asText().equals(billing.name())
                            && l.path("close_reason").asText().equals("policy_denied"));
            return "billing > front: 200 before; %d ms after the policy curl ends with %d, by IPv6 too (log: %s, %s); client > front: 200"
                    .formatted(
                            after.toMillis(),
                            refused.exit(),
                            line.path("close_reason").asText(),
                            line.path("policy").asText());
        } finally {
            cluster.lab().delete("PeerAuthentication", "shop", "default");
        }
    }

    private static ExecResult fetch(LabPod pod) {
        return fetch(pod, "-4");
    }

    private static ExecResult fetch(LabPod pod, String family) {
        String front = "http://front.shop/healthz";
        return pod.exec("curl", family, "-sS", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", front);
    }
}

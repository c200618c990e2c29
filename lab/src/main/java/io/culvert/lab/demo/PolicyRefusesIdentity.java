package io.culvert.lab.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.ExecResult;
import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.time.Duration;
import java.util.Map;

/** An AuthorizationPolicy refuses the wrong service account, and log and metrics show the refusal. */
public final class PolicyRefusesIdentity implements Check {
    private static final String POLICY = """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: db-readers, namespace: shop}
            spec:
              selector: {matchLabels: {app: db}}
              action: ALLOW
              rules:
                - from: [{source: {principals: [cluster.local/ns/shop/sa/client]}}]
                  to: [{operation: {ports: ["5432"]}}]
            """;

    private final DemoCluster cluster;

    public PolicyRefusesIdentity(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "a policy refuses the wrong service account";
    }

    @Override
    public String run() {
        LabPod web = cluster.web();
        LabPod database = cluster.database();
        CheckFailure.unless(query(web).ok(), "before the policy: " + query(web).describe());
        double counted = refusals(database);
        cluster.lab().apply(POLICY);
        try {
            Duration after = Poll.untilTrue(
                    cluster.effect(),
                    "the wrong service account is still served",
                    () -> !query(web).ok());
            // The policy may have ended an admitted query; one that comes now is refused.
            CheckFailure.unless(!query(web).ok(), "the wrong service account is served again");
            ExecResult allowed = query(cluster.client());
            CheckFailure.unless(allowed.ok(), "the right service account is refused, too: " + allowed.describe());
            JsonNode line = DemoCluster.awaitLogLine(
                    database,
                    "the refusal",
                    l -> l.path("close_reason").asText().equals("policy_denied")
                            && l.path("src.identity").asText().equals(DemoCluster.identity("web")));
            double now = Poll.until(DemoCluster.PATIENCE, "no metric counts the refusal", () -> {
                double sum = refusals(database);
                return sum > counted ? sum : null;
            });
            return "%s refused after %d ms (log: %s, %s; metric: %.0f refusals); %s served"
                    .formatted(
                            DemoCluster.identity("web"),
                            after.toMillis(),
                            line.path("close_reason").asText(),
                            line.path("error").asText(),
                            now - counted,
                            DemoCluster.identity("client"));
        } finally {
            cluster.lab().delete("AuthorizationPolicy", "shop", "db-readers");
        }
    }

    private static ExecResult query(LabPod pod) {
        return pod.exec("psql", "-h", "db", "-U", "postgres", "-Atc", "select 1");
    }

    private static double refusals(LabPod server) {
        return Metrics.sum(
                server.node().agent().metrics(), "culvert_connections_closed_total", Map.of("reason", "policy_denied"));
    }
}

package io.culvert.agent;

import io.culvert.agent.HttpEndpoint.Reply;
import io.culvert.agent.HttpEndpoint.Route;
import io.culvert.core.lifecycle.Readiness;
import io.culvert.core.telemetry.Exposition;
import io.culvert.core.telemetry.MetricsRegistry;
import java.util.List;
import java.util.Map;

/** The pages of scrapers and kubelets. */
final class MetricsPages {
    private MetricsPages() {}

    /** {@code /metrics}, and {@code /stats/prometheus} as Istio's scrape annotations name it. */
    static Map<String, Route> metrics(MetricsRegistry registry) {
        Route metrics = request -> {
            Exposition exposition = Exposition.forAccept(request.accept());
            return new Reply(200, exposition.contentType(), out -> exposition.write(registry, out));
        };
        return Map.of("/metrics", metrics, "/stats/prometheus", metrics);
    }

    static Map<String, Route> ready(Readiness readiness) {
        return Map.of("/healthz/ready", request -> {
            List<String> pending = readiness.pending();
            return pending.isEmpty()
                    ? Reply.text(200, "ready\n")
                    : Reply.text(500, "not ready, pending: " + String.join(", ", pending) + "\n");
        });
    }
}

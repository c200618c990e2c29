package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ServiceRulesTest {
    private static final ServiceSpec WEB =
            ServiceSpec.of(Yaml.load("""
                            apiVersion: v1
                            kind: Service
                            metadata: {name: web, namespace: shop}
                            spec:
                              selector: {app: web}
                              ports: [{name: http, port: 80, targetPort: 8080}]
                            """, "test").getFirst(), List.of("10.96.0.10", "fd00:10:96::a"));

    @Test
    void spreadsOverReadyEndpointsOfEachFamily() {
        String rules = ServiceRules.render(List.of(new ServicePort(
                WEB,
                WEB.ports().getFirst(),
                List.of(
                        new Backend("a", "node1", "10.244.1.2", 8080, true, true),
                        new Backend("b", "node2", "10.244.2.2", 8080, true, true),
                        new Backend("c", "node2", "10.244.2.3", 8080, false, false),
                        new Backend("a", "node1", "fd00:10:244:1::2", 8080, true, true)))));
        assertThat(rules)
                .contains("ip daddr 10.96.0.10 tcp dport 80 dnat ip addr . port to numgen random mod 2 map"
                        + " { 0 : 10.244.1.2 . 8080, 1 : 10.244.2.2 . 8080 }")
                .contains("ip6 daddr fd00:10:96::a tcp dport 80 dnat ip6 addr . port to numgen random mod 1 map"
                        + " { 0 : fd00:10:244:1::2 . 8080 }");
    }

    @Test
    void leavesAServiceWithoutReadyEndpointsToTheRefusal() {
        String rules = ServiceRules.render(List.of(new ServicePort(
                WEB, WEB.ports().getFirst(), List.of(new Backend("c", "node2", "10.244.2.3", 8080, false, false)))));
        assertThat(rules)
                .doesNotContain("dnat ip addr")
                .contains("ip daddr 10.96.0.0/16 meta l4proto tcp reject with tcp reset");
    }
}

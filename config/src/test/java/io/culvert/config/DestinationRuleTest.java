package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.HashKey;
import io.culvert.core.route.LoadBalancer.LocalityPolicy;
import io.culvert.core.route.LoadBalancer.Warmup;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DestinationRuleTest {
    private static ClusterPolicy policy(String trafficPolicy) {
        IstioMesh mesh = mesh(trafficPolicy);
        assertThat(mesh.messages()).isEmpty();
        return mesh.cluster("reviews", 80, "").policy();
    }

    private static IstioMesh mesh(String trafficPolicy) {
        return new IstioMesh(IstioMesh.SERVICES)
                .destination("dr", "host: reviews, trafficPolicy: {" + trafficPolicy + "}");
    }

    @Test
    void aServiceWithoutARuleHasTheDefaults() {
        assertThat(new IstioMesh(IstioMesh.SERVICES).cluster("reviews", 80, "").policy())
                .isEqualTo(ClusterPolicy.DEFAULT);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "ROUND_ROBIN, ROUND_ROBIN",
        "RANDOM, RANDOM",
        "LEAST_REQUEST, LEAST_REQUEST",
        "UNSPECIFIED, LEAST_REQUEST"
    })
    void simpleBalancersAreTaken(String name, Algorithm algorithm) {
        assertThat(policy("loadBalancer: {simple: " + name + "}").loadBalancer())
                .isEqualTo(new LoadBalancer(algorithm, null, 0, null, null));
    }

    @Test
    void hashesAreOfWhatIsNamed() {
        assertThat(policy("loadBalancer: {consistentHash: {httpHeaderName: X-User}}")
                        .loadBalancer())
                .isEqualTo(new LoadBalancer(Algorithm.RING_HASH, new HashKey.Header("x-user"), 1024, null, null));
        assertThat(policy(
                                "loadBalancer: {consistentHash: {httpCookie: {name: c, path: /p, ttl: 1h}, ringHash: {minimumRingSize: 64}}}")
                        .loadBalancer())
                .isEqualTo(new LoadBalancer(
                        Algorithm.RING_HASH, new HashKey.Cookie("c", "/p", Duration.ofHours(1)), 64, null, null));
        assertThat(policy("loadBalancer: {consistentHash: {useSourceIp: true, maglev: {}}}")
                        .loadBalancer())
                .isEqualTo(new LoadBalancer(Algorithm.MAGLEV, new HashKey.SourceIp(), 65537, null, null));
        assertThat(policy("loadBalancer: {consistentHash: {httpQueryParameterName: q, maglev: {tableSize: 101}}}")
                        .loadBalancer())
                .isEqualTo(new LoadBalancer(Algorithm.MAGLEV, new HashKey.Query("q"), 101, null, null));
    }

    @Test
    void newEndpointsWarmUp() {
        assertThat(policy("loadBalancer: {simple: ROUND_ROBIN, warmup: {duration: 1m}}")
                        .loadBalancer()
                        .warmup())
                .isEqualTo(new Warmup(Duration.ofMinutes(1), 10, 1));
        assertThat(policy("loadBalancer: {warmup: {duration: 1m, minimumPercent: 20, aggression: 2.5}}")
                        .loadBalancer()
                        .warmup())
                .isEqualTo(new Warmup(Duration.ofMinutes(1), 20, 2.5));
        assertThat(policy("loadBalancer: {warmupDurationSecs: 30s}")
                        .loadBalancer()
                        .warmup())
                .isEqualTo(new Warmup(Duration.ofSeconds(30), 10, 1));
    }

    @Test
    void localitiesAreDistributedOrFailOver() {
        assertThat(policy(
                                "loadBalancer: {localityLbSetting: {distribute: [{from: r1/*, to: {'r1/*': 80, 'r2/*': 20}}]}}")
                        .loadBalancer()
                        .locality())
                .isEqualTo(new LocalityPolicy(Map.of("r1/*", Map.of("r1/*", 80, "r2/*", 20)), Map.of(), List.of()));
        assertThat(policy("outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: r1, to: r2}]}}")
                        .loadBalancer()
                        .locality())
                .isEqualTo(new LocalityPolicy(Map.of(), Map.of("r1", "r2"), List.of()));
        assertThat(policy(
                                "outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [topology.kubernetes.io/zone]}}")
                        .loadBalancer()
                        .locality())
                .isEqualTo(new LocalityPolicy(Map.of(), Map.of(), List.of("topology.kubernetes.io/zone")));
    }

    @Test
    void detectionOfOutliersPrefersTheNearestLocalityUnlessThatIsOff() {
        assertThat(policy("outlierDetection: {}").loadBalancer().locality())
                .isEqualTo(new LocalityPolicy(Map.of(), Map.of(), List.of()));
        assertThat(policy("outlierDetection: {}, loadBalancer: {localityLbSetting: {enabled: false}}")
                        .loadBalancer()
                        .locality())
                .isNull();
    }

    @Test
    void outliersAreThoseOfIstioUnlessWritten() {
        assertThat(policy("outlierDetection: {}").outliers())
                .isEqualTo(new OutlierDetection(5, 0, 5, false, Duration.ofSeconds(10), Duration.ofSeconds(30), 10, 0));
        assertThat(policy(
                                "outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, splitExternalLocalOriginErrors: true, "
                                        + "consecutiveLocalOriginFailures: 2, interval: 1s, baseEjectionTime: 1m, maxEjectionPercent: 100, minHealthPercent: 30}")
                        .outliers())
                .isEqualTo(new OutlierDetection(0, 3, 2, true, Duration.ofSeconds(1), Duration.ofMinutes(1), 100, 30));
    }

    @Test
    void poolsHaveTheirLimits() {
        var limits = policy(
                        "connectionPool: {tcp: {maxConnections: 1, connectTimeout: 30ms, idleTimeout: 5s}, http: {http1MaxPendingRequests: 2, "
                                + "http2MaxRequests: 3, maxRetries: 4, maxRequestsPerConnection: 5, maxConcurrentStreams: 6, useClientProtocol: true}}")
                .limits();
        assertThat(limits)
                .isEqualTo(new ClusterPolicy.ConnectionLimits(
                        1, 2, 3, 4, 5, 6, Duration.ofMillis(30), Duration.ofSeconds(5), false, true));
        assertThat(policy("connectionPool: {tcp: {idleTimeout: 5s}, http: {idleTimeout: 7s, maxRetries: 0}}")
                        .limits())
                .extracting(ClusterPolicy.ConnectionLimits::idle, ClusterPolicy.ConnectionLimits::retries)
                .containsExactly(Duration.ofSeconds(7), Integer.MAX_VALUE);
    }

    @Test
    void retriesHaveTheirBudget() {
        assertThat(policy("retryBudget: {}").retryBudget()).isEqualTo(new RetryBudget(20, 3));
        assertThat(policy("retryBudget: {percent: 12.5, minRetryConcurrency: 1}")
                        .retryBudget())
                .isEqualTo(new RetryBudget(12.5, 1));
    }

    @Test
    void aPortReplacesWhatTheRuleSays() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .destination(
                        "dr",
                        "host: two-ports, trafficPolicy: {loadBalancer: {simple: RANDOM}, outlierDetection: {}, retryBudget: {percent: 5}, "
                                + "portLevelSettings: [{port: {number: 81}, loadBalancer: {simple: ROUND_ROBIN}}]}, "
                                + "subsets: [{name: a, labels: {v: a}}, {name: b, labels: {v: b}, trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}, "
                                + "portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {maxConnections: 9}}}]}}]");
        assertThat(mesh.messages()).isEmpty();
        ClusterPolicy whole80 = mesh.cluster("two-ports", 80, "").policy();
        ClusterPolicy whole81 = mesh.cluster("two-ports", 81, "").policy();
        assertThat(whole80.loadBalancer().algorithm()).isEqualTo(Algorithm.RANDOM);
        assertThat(whole80.outliers()).isNotNull();
        assertThat(whole81.loadBalancer().algorithm()).isEqualTo(Algorithm.ROUND_ROBIN);
        assertThat(whole81.outliers()).isNull();
        assertThat(whole81.retryBudget().percent()).isEqualTo(5);
        // A subset that says nothing is as the whole; what it says wins; its port replaces both.
        assertThat(mesh.cluster("two-ports", 80, "a").policy()).isEqualTo(whole80);
        ClusterPolicy b81 = mesh.cluster("two-ports", 81, "b").policy();
        assertThat(b81.loadBalancer().algorithm()).isEqualTo(Algorithm.LEAST_REQUEST);
        assertThat(b81.outliers()).isNull();
        ClusterPolicy b80 = mesh.cluster("two-ports", 80, "b").policy();
        assertThat(b80.loadBalancer()).isEqualTo(LoadBalancer.DEFAULT);
        assertThat(b80.outliers()).isNull();
        assertThat(b80.limits().connections()).isEqualTo(9);
        assertThat(b80.retryBudget().percent()).isEqualTo(5);
    }

    @Test
    void theMostSpecificHostOfTheWaypointsNamespaceCounts() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .put("root.yaml", rule("istio-system", "*.default.svc.cluster.local", "", "RANDOM"));
        assertThat(mesh.cluster("reviews", 80, "").policy().loadBalancer().algorithm())
                .isEqualTo(Algorithm.RANDOM);
        mesh.put("wild.yaml", rule("default", "*.default.svc.cluster.local", "", "ROUND_ROBIN"));
        assertThat(mesh.cluster("reviews", 80, "").policy().loadBalancer().algorithm())
                .isEqualTo(Algorithm.ROUND_ROBIN);
        mesh.put("exact.yaml", rule("default", "reviews.default.svc.cluster.local", "", "LEAST_REQUEST"));
        assertThat(mesh.cluster("reviews", 80, "").policy().loadBalancer().algorithm())
                .isEqualTo(Algorithm.LEAST_REQUEST);
        assertThat(mesh.cluster("payments", 80, "").policy().loadBalancer().algorithm())
                .isEqualTo(Algorithm.ROUND_ROBIN);
        mesh.put("exact.yaml", null).put("wild.yaml", null).put("root.yaml", null);
        assertThat(mesh.cluster("reviews", 80, "").policy()).isEqualTo(ClusterPolicy.DEFAULT);
    }

    private static String rule(String namespace, String host, String more, String simple) {
        return "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: "
                + (host.startsWith("*") ? "w" : "r") + ", namespace: " + namespace + "}, spec: {host: '" + host
                + "', trafficPolicy: {loadBalancer: {simple: " + simple + "}}" + more + "}}";
    }

    @Test
    void aRuleOfAnotherNamespaceIsSaidToBeForNobody() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .put("r.yaml", rule("other", "reviews.default.svc.cluster.local", "", "RANDOM"));
        assertThat(mesh.messages())
                .containsExactly(
                        "r.yaml:1: warning: DestinationRule other/r: spec.host: is not used: a waypoint takes DestinationRules of its own namespace (default), of the service's (default) and of the root namespace");
    }

    @Test
    void ofTwoForOneHostTheOlderSaysThePolicyAndBothTheirSubsets() {
        String older =
                "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: z, creationTimestamp: '2020-01-01T00:00:00Z'}, "
                        + "spec: {host: reviews, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, labels: {v: '1'}}]}}";
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .put("older.yaml", older)
                .destination(
                        "a",
                        "host: reviews, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}, subsets: [{name: v1, labels: {v: x}}, {name: v2, labels: {v: '2'}}]");
        assertThat(mesh.cluster("reviews", 80, "").policy().loadBalancer().algorithm())
                .isEqualTo(Algorithm.RANDOM);
        assertThat(mesh.cluster("reviews", 80, "v1").labels()).containsEntry("v", "1");
        assertThat(mesh.cluster("reviews", 80, "v2").labels()).containsEntry("v", "2");
        assertThat(mesh.messages())
                .containsExactlyInAnyOrder(
                        "a.yaml:1: warning: DestinationRule default/a: spec.trafficPolicy: DestinationRule default/z is older and says the policy of Service default/reviews: only subsets of this one are used",
                        "a.yaml:1: warning: DestinationRule default/a: spec.subsets[0]: subset v1 of Service default/reviews is defined in DestinationRule default/z already, which is older and counts");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "loadBalancer: {simple: PASSTHROUGH}|warning: loadBalancer.simple: PASSTHROUGH is not executed: what comes to a waypoint was sent to a service's address, which is no endpoint; LEAST_REQUEST is used",
                "loadBalancer: {simple: LEAST_CONN}|warning: loadBalancer.simple: LEAST_CONN is deprecated: use LEAST_REQUEST, which it is read as",
                "loadBalancer: {simple: ROUNDROBIN}|error: loadBalancer.simple: \"ROUNDROBIN\" is not one of UNSPECIFIED, LEAST_CONN, RANDOM, PASSTHROUGH, ROUND_ROBIN, LEAST_REQUEST; did you mean `ROUND_ROBIN`?",
                "loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}|error: loadBalancer.consistentHash: excludes simple: remove one of them",
                "loadBalancer: {consistentHash: {}}|error: loadBalancer.consistentHash: takes exactly one of httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName; here are 0",
                "loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 100}}}|error: loadBalancer.consistentHash.maglev.tableSize: 100 is no prime number, as Maglev's table needs: use 65537",
                "loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}|warning: loadBalancer.localityLbSetting.failover: needs outlierDetection beside it, which finds out that a locality fails: not executed without",
                "loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 70}}]}}|error: loadBalancer.localityLbSetting.distribute[0].to: must add up to 100 percent, and is 70",
                "loadBalancer: {simple: RANDOM, warmup: {duration: 1s}}|warning: loadBalancer.warmup: says something to ROUND_ROBIN and LEAST_REQUEST only",
                "connectionPool: {tcp: {tcpKeepalive: {time: 1s}}}|warning: connectionPool.tcp.tcpKeepalive: is not executed: connections to apps are streams of the mesh's tunnels, which the mesh itself keeps alive",
                "connectionPool: {tcp: {maxConnectionDuration: 1s}}|warning: connectionPool.tcp.maxConnectionDuration: is not executed: connections end when they are idle or drained",
                "connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}|error: connectionPool.http.useClientProtocol: excludes h2UpgradePolicy UPGRADE: remove one of them",
                "connectionPool: {tcp: {connectTimeout: 0s}}|error: connectionPool.tcp.connectTimeout: must be at least 1ms",
                "outlierDetection: {consecutiveErrors: 1}|warning: outlierDetection.consecutiveErrors: is not executed: Istio has replaced it: use consecutive5xxErrors",
                "outlierDetection: {consecutiveLocalOriginFailures: 1}|warning: outlierDetection.consecutiveLocalOriginFailures: says nothing without splitExternalLocalOriginErrors: true; such failures count as 5xx",
                "outlierDetection: {maxEjectionPercent: 101}|error: outlierDetection.maxEjectionPercent: 101 is out of range: use 0 to 100",
                "tls: {mode: SIMPLE}|error: tls: mode SIMPLE is not executed: a waypoint reaches apps of the mesh through the mesh's mutual TLS, and an app that speaks TLS itself needs appProtocol: tls at its Service port",
                "tls: {mode: DISABLE}|warning: tls.mode: DISABLE is not executed: a waypoint reaches apps through the mesh's mutual TLS",
                "tunnel: {targetHost: a}|warning: tunnel: is not executed: it is for traffic that leaves the mesh through a proxy",
                "proxyProtocol: {version: V1}|warning: proxyProtocol: is not executed: the app's agent gives it the client's own address",
                "retryBudget: {interval: 1s}|warning: retryBudget.interval: is not executed: the budget is a share of the requests that are under way",
                "portLevelSettings: [{port: {number: 81}}]|warning: portLevelSettings: Service default/reviews has no port 81 (it has 80)",
                "conectionPool: {}|warning: conectionPool: unknown field, ignored; did you mean `connectionPool`?",
            })
    void whatIsWrongOrNotExecutedIsSaid(String fields, String message) {
        String[] parts = message.split(": ", 2);
        assertThat(mesh(fields).messages())
                .contains("dr.yaml:1: " + parts[0] + ": DestinationRule default/dr: spec.trafficPolicy." + parts[1]);
    }

    @Test
    void mutualTlsOfTheMeshIsWhatThereIs() {
        assertThat(policy("tls: {mode: ISTIO_MUTUAL}")).isEqualTo(ClusterPolicy.DEFAULT);
    }

    @Test
    void hostsAndSubsetsAreChecked() {
        assertThat(new IstioMesh(IstioMesh.SERVICES)
                        .destination("dr", "host: revews")
                        .messages())
                .containsExactly(
                        "dr.yaml:1: warning: DestinationRule default/dr: spec.host: there is no Service default/revews: the rule is for nobody");
        assertThat(new IstioMesh(IstioMesh.SERVICES)
                        .destination(
                                "dr", "host: reviews, subsets: [{name: a, labels: {v: a}}, {name: a, labels: {v: b}}]")
                        .messages())
                .contains(
                        "dr.yaml:1: error: DestinationRule default/dr: spec.subsets[1].name: a is given twice: remove one");
        assertThat(new IstioMesh(IstioMesh.SERVICES)
                        .destination("dr", "host: reviews, workloadSelector: {matchLabels: {a: b}}")
                        .messages())
                .containsExactly(
                        "dr.yaml:1: warning: DestinationRule default/dr: spec.workloadSelector: gives the rule to chosen sidecars: waypoints do not use it");
    }
}

package io.culvert.core.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Endpoints;
import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.Locality;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.SpiffeId;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.LoadBalancing.Scope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EndpointChooserTest {
    private static final SpiffeId ID = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/b");
    private static final String SERVICE = "ns/svc";
    private static final long SEED = 42;

    private final Random random = new Random(SEED);
    private final EndpointChooser chooser = new EndpointChooser(random::nextInt);
    private final Workload source = workload("client", "r1", "z1", "n1", true);

    private static Workload workload(String name, String region, String zone, String node, boolean healthy) {
        return Workload.builder("Kubernetes//Pod/ns/" + name, ID)
                .service(SERVICE, PortMap.of(80, 8080))
                .locality(new Locality(region, zone, ""))
                .node(node)
                .healthy(healthy)
                .build();
    }

    private static Endpoints endpoints(Workload... workloads) {
        MeshUpdate.Builder update = MeshUpdate.builder();
        List.of(workloads).forEach(update::put);
        MeshStore store = new MeshStore();
        store.apply(update.build());
        return store.current().endpoints(SERVICE);
    }

    private Map<String, Integer> choose(LoadBalancing balancing, Endpoints endpoints, int times) {
        Map<String, Integer> chosen = new HashMap<>();
        for (int i = 0; i < times; i++) {
            Endpoint endpoint = chooser.choose(balancing, endpoints, source, e -> true);
            if (endpoint != null) {
                chosen.merge(endpoint.workload().name(), 1, Integer::sum);
                chooser.opened(endpoint.workload().uid());
            }
        }
        return chosen;
    }

    @Test
    void spreadsConnectionsEvenlyByCount() {
        List<Workload> many = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            many.add(workload("e" + i, "r1", "z1", "n", true));
        }
        Map<String, Integer> chosen = choose(LoadBalancing.DEFAULT, endpoints(many.toArray(Workload[]::new)), 1000);
        assertThat(chosen).hasSize(10);
        assertThat(chosen.values())
                .as("seed %s", SEED)
                .allSatisfy(n -> assertThat(n).isBetween(95, 105));
    }

    @Test
    void prefersTheOneWithFewerOpenConnections() {
        Endpoints two = endpoints(workload("busy", "r", "z", "n", true), workload("idle", "r", "z", "n", true));
        for (int i = 0; i < 10; i++) {
            chooser.opened("Kubernetes//Pod/ns/busy");
        }
        assertThat(choose(LoadBalancing.DEFAULT, two, 9)).containsOnly(Map.entry("idle", 9));
        for (int i = 0; i < 10; i++) {
            chooser.closed("Kubernetes//Pod/ns/busy");
        }
        assertThat(chooser.open("Kubernetes//Pod/ns/busy")).isZero();
        assertThat(choose(LoadBalancing.DEFAULT, two, 1)).containsOnlyKeys("busy");
    }

    @Test
    void weighsByCapacity() {
        Workload large = Workload.builder("Kubernetes//Pod/ns/large", ID)
                .service(SERVICE, PortMap.of(80, 8080))
                .capacity(3)
                .build();
        Workload small = Workload.builder("Kubernetes//Pod/ns/small", ID)
                .service(SERVICE, PortMap.of(80, 8080))
                .capacity(1)
                .build();
        Map<String, Integer> chosen = choose(LoadBalancing.DEFAULT, endpoints(large, small), 400);
        assertThat(chosen.get("large")).isBetween(295, 305);
    }

    @Test
    void takesReadyEndpointsOnlyUnlessToldOtherwise() {
        Endpoints some = endpoints(workload("up", "r", "z", "n", true), workload("down", "r", "z", "n", false));
        assertThat(choose(LoadBalancing.DEFAULT, some, 20)).containsOnlyKeys("up");
        LoadBalancing all = new LoadBalancing(List.of(), Mode.UNSPECIFIED_MODE, HealthPolicy.ALLOW_ALL);
        assertThat(choose(all, some, 40)).containsOnlyKeys("up", "down");
    }

    @Test
    void failsOverToTheBestMatchOfLeadingScopes() {
        LoadBalancing failover =
                new LoadBalancing(List.of(Scope.REGION, Scope.ZONE), Mode.FAILOVER, HealthPolicy.ONLY_HEALTHY);
        Workload near = workload("near", "r1", "z1", "n", true);
        Workload sameRegion = workload("region", "r1", "z2", "n", true);
        // The zone's name matches, but in another region: the leading scope decides.
        Workload far = workload("far", "r2", "z1", "n", true);
        assertThat(choose(failover, endpoints(near, sameRegion, far), 10)).containsOnlyKeys("near");
        assertThat(choose(failover, endpoints(sameRegion, far), 10)).containsOnlyKeys("region");
        assertThat(choose(failover, endpoints(far), 10)).containsOnlyKeys("far");
    }

    @Test
    void strictLeavesNothingWhenNothingMatchesAll() {
        LoadBalancing strict = new LoadBalancing(List.of(Scope.NODE), Mode.STRICT, HealthPolicy.ONLY_HEALTHY);
        assertThat(choose(strict, endpoints(workload("other", "r1", "z1", "n2", true)), 3))
                .isEmpty();
        assertThat(choose(
                        strict,
                        endpoints(workload("other", "r1", "z1", "n2", true), workload("own", "r1", "z1", "n1", true)),
                        5))
                .containsOnlyKeys("own");
    }

    @Test
    void aLeadingNetworkThatMatchesCountsAsMuchAsAllOtherScopes() {
        Workload local = Workload.builder("Kubernetes//Pod/ns/local", ID)
                .service(SERVICE, PortMap.of(80, 8080))
                .network("")
                .locality(new Locality("r2", "", ""))
                .build();
        Workload remote = Workload.builder("Kubernetes//Pod/ns/remote", ID)
                .service(SERVICE, PortMap.of(80, 8080))
                .network("other")
                .locality(new Locality("r1", "z1", ""))
                .build();
        List<Scope> scopes = List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE);
        assertThat(EndpointChooser.rank(scopes, source, local)).isEqualTo(2);
        assertThat(EndpointChooser.rank(scopes, source, remote)).isEqualTo(2);
    }

    @Test
    void leavesOutWhatTheCallerCannotUse() {
        Endpoints two = endpoints(workload("a", "r", "z", "n", true), workload("b", "r", "z", "n", true));
        Endpoint chosen = chooser.choose(
                LoadBalancing.DEFAULT, two, source, e -> !e.workload().name().equals("a"));
        assertThat(chosen).isNotNull();
        assertThat(chosen.workload().name()).isEqualTo("b");
        assertThat(chooser.choose(LoadBalancing.DEFAULT, two, source, e -> false))
                .isNull();
        assertThat(chooser.choose(LoadBalancing.DEFAULT, Endpoints.NONE, source, e -> true))
                .isNull();
    }
}

package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.LocalityPolicy;
import io.culvert.proto.workload.IPFamilies;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.LoadBalancing.Scope;
import io.culvert.proto.workload.Service.Visibility;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalityTest {
    private static final OutlierDetection DETECTION =
            new OutlierDetection(1, 0, 0, false, Duration.ofSeconds(10), Duration.ofSeconds(30), 100, 0);

    private final World world = new World(System.nanoTime());

    private String seed() {
        return "seed " + world.seed;
    }

    private void localities(LocalityPolicy policy) {
        world.balance(new LoadBalancer(Algorithm.RANDOM, null, 0, policy, null));
    }

    /** Ejects a pod by a response of 500. */
    private void eject(String pod) {
        for (int i = 0; i < 1000; i++) {
            FakeTry attempt = world.attempt().send();
            world.connector.acceptAll();
            boolean found = attempt.pod().equals(pod);
            attempt.finish(found ? 500 : 200);
            if (found) {
                return;
            }
        }
        throw new AssertionError(pod + " was never chosen, " + seed());
    }

    @Test
    void theNearestLocalityIsUsedAloneWhileItIsHealthy() {
        world.outliers(DETECTION);
        localities(new LocalityPolicy(Map.of(), Map.of(), List.of()));
        world.self("r1/z1/s1");
        world.pod("region", 1, "r1/z2", true);
        world.pod("far", 1, "r2/z1/s1", true);
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("region");
        world.pod("zone", 1, "r1/z1/s2", true);
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("zone");
        world.pod("same", 1, "r1/z1/s1", true);
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("same");
        world.remove("same");
        world.remove("zone");
        world.remove("region");
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("far");
    }

    @Test
    void withoutEjectionLocalityDoesNotMatter() {
        localities(new LocalityPolicy(Map.of(), Map.of(), List.of()));
        world.self("r1");
        world.pod("near", 1, "r1", true);
        world.pod("far", 1, "r2", true);
        assertThat(world.spread(100)).as(seed()).containsOnlyKeys("near", "far");
    }

    @Test
    void whatTheHealthyCannotTakeSpillsOverByTheirShareTimesOnePointFour() {
        world.outliers(DETECTION);
        localities(new LocalityPolicy(Map.of(), Map.of(), List.of()));
        world.self("r1");
        for (int i = 0; i < 10; i++) {
            world.pod("near" + i, 1, "r1", true);
        }
        world.pod("far", 1, "r2", true);
        for (int i = 0; i < 2; i++) {
            eject("near" + i);
        }
        assertThat(world.spread(300)).as("80 % healthy are enough, %s", seed()).doesNotContainKey("far");
        for (int i = 2; i < 6; i++) {
            eject("near" + i);
        }
        // 40 % healthy take 56 %.
        assertThat(world.spread(4000).get("far")).as(seed()).isBetween(1640, 1880);
        for (int i = 6; i < 10; i++) {
            eject("near" + i);
        }
        assertThat(world.spread(100)).as(seed()).containsOnlyKeys("far");
    }

    @Test
    void endpointsThatAreNotReadyCountAsUnhealthy() {
        world.outliers(DETECTION);
        localities(new LocalityPolicy(Map.of(), Map.of(), List.of()));
        world.self("r1");
        world.pod("up", 1, "r1", true);
        world.pod("down", 1, "r1", false);
        world.pod("far", 1, "r2", true);
        // 50 % ready take 70 %.
        assertThat(world.spread(4000).get("far")).as(seed()).isBetween(1080, 1320);
    }

    @Test
    void theRegionOfAFailoverComesBeforeOthers() {
        world.outliers(DETECTION);
        localities(new LocalityPolicy(Map.of(), Map.of("r1", "r3"), List.of()));
        world.self("r1/z1");
        world.pod("other", 1, "r2", true);
        world.pod("chosen", 1, "r3", true);
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("chosen");
        world.remove("chosen");
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("other");
    }

    @Test
    void aFailoverByLabelsTakesWhoSharesTheFirstOnes() {
        world.outliers(DETECTION);
        world.labels.put(World.SELF, Map.of("version", "v1"));
        world.labels.put(World.uid("both"), Map.of("version", "v1"));
        world.labels.put(World.uid("version"), Map.of("version", "v1"));
        world.labels.put(World.uid("zone"), Map.of("version", "v2"));
        localities(new LocalityPolicy(Map.of(), Map.of(), List.of("version", "topology.kubernetes.io/zone")));
        world.self("r1/z1");
        world.pod("both", 1, "r1/z1", true);
        world.pod("version", 1, "r1/z2", true);
        world.pod("zone", 1, "r1/z1", true);
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("both");
        world.remove("both");
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("version");
        world.remove("version");
        assertThat(world.spread(50)).as(seed()).containsOnlyKeys("zone");
    }

    @Test
    void aDistributionIsKept() {
        localities(new LocalityPolicy(
                Map.of("r1/z1/*", Map.of("r1/z1/*", 70, "r1/z2/*", 20, "r2/*", 10), "*", Map.of("r9/*", 100)),
                Map.of(),
                List.of()));
        world.self("r1/z1/s1");
        world.pod("a1", 1, "r1/z1/s1", true);
        world.pod("a2", 1, "r1/z1/s2", true);
        world.pod("b", 1, "r1/z2", true);
        world.pod("c", 1, "r2/z5", true);
        world.pod("nothing", 1, "r3", true);
        Map<String, Integer> spread = world.spread(10_000);
        assertThat(spread).as(seed()).containsOnlyKeys("a1", "a2", "b", "c");
        assertThat(spread.get("a1")).as(seed()).isBetween(3300, 3700);
        assertThat(spread.get("b")).as(seed()).isBetween(1800, 2200);
        assertThat(spread.get("c")).as(seed()).isBetween(850, 1150);
        world.remove("b");
        world.remove("c");
        assertThat(world.spread(100)).as(seed()).containsOnlyKeys("a1", "a2");
    }

    @Test
    void theServicesOwnPreferenceCountsWherePolicySaysNothing() {
        world.balance(Algorithm.RANDOM);
        world.self("r1/z1");
        world.pod("near", 1, "r1/z1", true);
        world.pod("far", 1, "r1/z2", true);
        assertThat(world.spread(100)).as(seed()).hasSize(2);
        preference(Mode.FAILOVER);
        assertThat(world.spread(100)).as(seed()).containsOnlyKeys("near");
        world.remove("near");
        assertThat(world.spread(10)).as(seed()).containsOnlyKeys("far");
        preference(Mode.STRICT);
        assertThat(world.attempt().send().why).isEqualTo(Upstreams.Unavailable.NO_ENDPOINT);
    }

    private void preference(Mode mode) {
        Service plain = Service.of("shop", "cart.shop.svc.cluster.local", List.of(), PortMap.of(80, 8080));
        world.mesh.apply(MeshUpdate.builder()
                .put(new Service(
                        plain.key(),
                        plain.name(),
                        plain.namespace(),
                        plain.hostname(),
                        List.of(),
                        plain.ports(),
                        List.of(),
                        null,
                        List.of(),
                        false,
                        new LoadBalancing(List.of(Scope.REGION, Scope.ZONE), mode, HealthPolicy.ONLY_HEALTHY),
                        IPFamilies.AUTOMATIC,
                        false,
                        Visibility.PUBLIC))
                .build());
        world.settle();
    }
}

package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.cluster.ClusterStats.Count;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DrainingTest {
    private final World world = new World(System.nanoTime());

    @BeforeEach
    void balanceByTurns() {
        world.balance(Algorithm.ROUND_ROBIN);
    }

    private FakeTry granted() {
        FakeTry attempt = world.attempt().send();
        world.connector.acceptAll();
        return attempt;
    }

    @Test
    void anEndpointThatLeavesGetsNothingNewAndEndsWhatItHas() {
        world.pods("a");
        FakeTry busy = granted();
        FakeTry idle = granted();
        idle.finish(200);
        world.pods("b");
        world.remove("a");
        assertThat(idle.connection().closed).isTrue();
        assertThat(busy.connection().closed).isFalse();
        assertThat(busy.connection().retired).isTrue();
        assertThat(world.spread(10)).containsOnlyKeys("b");
        busy.finish(200);
        assertThat(busy.connection().closed).isTrue();
        assertThat(world.stats().get(Count.ENDPOINTS_DRAINED)).isEqualTo(1);
        assertThat(world.stats().connections()).isEqualTo((int) world.connector.open());
    }

    @Test
    void anEndpointThatIsNotReadyIsDrainedAndComesBack() {
        world.pods("a", "b");
        world.spread(4);
        world.pod("a", 1, "", false);
        assertThat(world.spread(10)).containsOnlyKeys("b");
        assertThat(world.connector.connections.stream().filter(c -> !c.closed && c.target.equals("a")))
                .isEmpty();
        world.pod("a", 1, "", true);
        assertThat(world.spread(10)).containsOnlyKeys("a", "b");
    }

    @Test
    void whoWaitsForAnEndpointThatLeavesIsSentElsewhere() {
        world.pods("a");
        FakeTry attempt = world.attempt().send();
        world.pods("b");
        world.remove("a");
        assertThat(world.connector.cancelled).isEqualTo(1);
        world.connector.only().accept();
        assertThat(attempt.pod()).isEqualTo("b");
        attempt.finish(200);
        assertThat(world.stats().pending()).isZero();
        assertThat(world.stats().requests()).isZero();
    }

    @Test
    void whoWaitsIsToldWhenTheLastEndpointLeaves() {
        world.pods("a");
        FakeTry attempt = world.attempt().send();
        world.remove("a");
        assertThat(attempt.why).isEqualTo(Upstreams.Unavailable.NO_ENDPOINT);
        assertThat(world.stats().pending()).isZero();
    }

    @Test
    void aPodOfTheSameNameWithAnotherAddressIsAnotherEndpoint() {
        world.pods("web-0");
        granted().finish(200);
        FakeConnection old = world.connector.connections.getFirst();
        world.pod("web-0", Ip.parse("10.0.9.9"), 1, "", true);
        assertThat(old.closed).isTrue();
        FakeTry next = granted();
        assertThat(next.ticket().address()).isEqualTo("10.0.9.9:8080");
    }

    @Test
    void aChangeThatDoesNotTouchTheWayKeepsConnections() {
        world.pods("a");
        granted().finish(200);
        world.pod("a", 3, "", true);
        world.swap();
        granted().finish(200);
        assertThat(world.connector.connections).hasSize(1);
    }

    @Test
    void aSwapOfTheTableKeepsRequestsThatWaitAndConnections() {
        world.pods("a");
        FakeTry waits = world.attempt().send();
        world.protocol(Protocol.HTTP2);
        world.connector.acceptAll();
        assertThat(waits.connection().http2).isFalse();
        waits.finish(200);
        FakeTry next = granted();
        assertThat(next.connection().http2).isTrue();
    }

    @Test
    void aRequestOfAnOlderTableUsesTheNewPolicy() {
        world.pods("a");
        FakeTry older = world.attempt();
        world.limits(Integer.MAX_VALUE, 0, Integer.MAX_VALUE, Integer.MAX_VALUE);
        older.send();
        assertThat(older.why).isEqualTo(Upstreams.Unavailable.OVERFLOW);
    }

    @Test
    void aServiceThatIsGoneIsForgottenWithItsConnections() {
        world.book.onTable(RouteTable.EMPTY);
        world.pods("a");
        FakeTry busy = granted();
        granted().finish(200);
        assertThat(world.book.stats()).hasSize(1);
        world.mesh.apply(MeshUpdate.builder()
                .removeAddress(World.SERVICE)
                .removeAddress(World.uid("a"))
                .build());
        world.settle();
        assertThat(world.book.stats()).isEmpty();
        assertThat(world.connector.open()).isEqualTo(1);
        busy.finish(200);
        assertThat(world.connector.open()).isZero();
    }

    @Test
    void aSubsetTakesOnlyItsPodsAndIsForgottenWithItsTable() {
        world.labels.put(World.uid("v1"), Map.of("version", "v1", "app", "cart"));
        world.labels.put(World.uid("v2"), Map.of("version", "v2", "app", "cart"));
        world.pods("v1", "v2");
        Cluster subset = new Cluster(
                Cluster.key(World.SERVICE, 80, "v2"),
                World.SERVICE,
                80,
                "v2",
                Map.of("version", "v2"),
                Protocol.HTTP,
                world.policy());
        RouteTable table = new RouteTable(Map.of(), Map.of(subset.key(), subset), Map.copyOf(world.labels));
        world.book.onTable(table);
        for (int i = 0; i < 10; i++) {
            var endpoint = world.book.choose(subset, table, World.client(i), Set.of());
            assertThat(endpoint).isNotNull();
            assertThat(endpoint.workload().uid()).isEqualTo(World.uid("v2"));
        }
        world.labels.put(World.uid("v1"), Map.of("version", "v2"));
        RouteTable relabelled = new RouteTable(Map.of(), Map.of(subset.key(), subset), Map.copyOf(world.labels));
        world.book.onTable(relabelled);
        var both = IntStream.range(0, 50)
                .mapToObj(i -> world.book.choose(subset, relabelled, World.client(i), Set.of()))
                .map(e -> Objects.requireNonNull(e).workload().uid())
                .distinct()
                .toList();
        assertThat(both).containsExactlyInAnyOrderElementsOf(List.of(World.uid("v1"), World.uid("v2")));
        assertThat(world.book.stats()).hasSize(1);
        world.book.onTable(RouteTable.EMPTY);
        assertThat(world.book.stats()).isEmpty();
    }
}

package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.Warmup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BalancingTest {
    private final World world = new World(System.nanoTime());

    private String seed() {
        return "seed " + world.seed;
    }

    @Test
    void roundRobinIsExact() {
        world.balance(Algorithm.ROUND_ROBIN).pods("a", "b", "c");
        assertThat(world.spread(300)).as(seed()).isEqualTo(Map.of("a", 100, "b", 100, "c", 100));
    }

    @Test
    void weightedRoundRobinGivesEachItsShare() {
        world.balance(Algorithm.ROUND_ROBIN);
        world.pod("a", 1, "", true);
        world.pod("b", 2, "", true);
        world.pod("c", 5, "", true);
        Map<String, Integer> spread = world.spread(800);
        assertThat(spread.get("a")).as(seed()).isBetween(98, 102);
        assertThat(spread.get("b")).as(seed()).isBetween(198, 202);
        assertThat(spread.get("c")).as(seed()).isBetween(498, 502);
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"RANDOM", "LEAST_REQUEST", "PEAK_EWMA", "RING_HASH", "MAGLEV"})
    void everyAlgorithmSpreadsOverEqualEndpointsAboutEvenly(Algorithm algorithm) {
        // The ring is only as even as it has points.
        world.balance(new LoadBalancer(algorithm, null, algorithm == Algorithm.RING_HASH ? 32_768 : 0, null, null));
        world.pods("a", "b", "c", "d");
        assertThat(world.spread(8000))
                .hasSize(4)
                .allSatisfy((pod, count) ->
                        assertThat(count).as("%s, %s", pod, seed()).isBetween(1750, 2250));
    }

    @Test
    void leastRequestPrefersWhoHasFewerRequestsUnderWay() {
        world.balance(Algorithm.LEAST_REQUEST).pods("a", "b");
        List<FakeTry> slow = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            slow.add(world.attempt().send());
            world.connector.acceptAll();
        }
        long onA = slow.stream().filter(t -> t.pod().equals("a")).count();
        assertThat(onA).as(seed()).isEqualTo(5);
        slow.stream().filter(t -> t.pod().equals("a")).forEach(t -> t.finish(200));
        assertThat(world.spread(20)).as(seed()).containsOnlyKeys("a");
    }

    @Test
    void weightedLeastRequestSharesByCapacity() {
        world.balance(Algorithm.LEAST_REQUEST);
        world.pod("a", 1, "", true);
        world.pod("b", 3, "", true);
        Map<String, Integer> spread = world.spread(400);
        assertThat(spread.get("b")).as(seed()).isBetween(296, 304);
        // Busy b loses turns: with 5 requests under way it weighs 3/6, less than a.
        List<FakeTry> busy = new ArrayList<>();
        while (busy.size() < 5) {
            FakeTry attempt = world.attempt().send();
            world.connector.acceptAll();
            if (attempt.pod().equals("b")) {
                busy.add(attempt);
            } else {
                attempt.finish(200);
            }
        }
        assertThat(world.spread(300).get("b")).as(seed()).isBetween(80, 125);
    }

    @Test
    void peakEwmaLeavesAnEndpointThatIsSlow() {
        world.balance(Algorithm.PEAK_EWMA).pods("a", "b");
        for (int i = 0; i < 50; i++) {
            FakeTry attempt = world.attempt().send();
            world.connector.acceptAll();
            attempt.ticket().onStatus(200, Duration.ofMillis(attempt.pod().equals("a") ? 100 : 5));
            attempt.connection().finish();
            attempt.ticket().done();
            world.pass(Duration.ofMillis(10));
        }
        int toA = 0;
        for (int i = 0; i < 50; i++) {
            FakeTry attempt = world.attempt().send();
            world.connector.acceptAll();
            toA += attempt.pod().equals("a") ? 1 : 0;
            attempt.ticket().onStatus(200, Duration.ofMillis(attempt.pod().equals("a") ? 100 : 5));
            attempt.connection().finish();
            attempt.ticket().done();
            world.pass(Duration.ofMillis(10));
        }
        assertThat(toA).as(seed()).isLessThan(5);
    }

    @Test
    void aNewEndpointWarmsUp() {
        world.balance(
                new LoadBalancer(Algorithm.ROUND_ROBIN, null, 0, null, new Warmup(Duration.ofSeconds(100), 10, 1)));
        world.pods("a", "b");
        world.spread(10);
        world.pods("new");
        assertThat(world.spread(210).get("new"))
                .as("a tenth of a share; %s", seed())
                .isBetween(8, 12);
        world.pass(Duration.ofSeconds(50));
        assertThat(world.spread(250).get("new")).as("half a share; %s", seed()).isBetween(44, 54);
        world.pass(Duration.ofSeconds(50));
        assertThat(world.spread(300)).as(seed()).isEqualTo(Map.of("a", 100, "b", 100, "new", 100));
    }

    @Test
    void aggressionMakesWarmingFasterAtFirst() {
        world.balance(
                new LoadBalancer(Algorithm.LEAST_REQUEST, null, 0, null, new Warmup(Duration.ofSeconds(100), 1, 2)));
        world.pods("a");
        world.spread(1);
        world.pods("new");
        world.pass(Duration.ofSeconds(25));
        // A quarter of the time, to the power of one half: half a share.
        assertThat(world.spread(300).get("new")).as(seed()).isBetween(94, 106);
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void whoWasTriedIsAvoidedWhileThereIsAnother(Algorithm algorithm) {
        world.balance(algorithm).pods("a", "b", "c");
        for (int i = 0; i < 50; i++) {
            FakeTry attempt = world.attempt();
            attempt.tried.addAll(Set.of(World.uid("a"), World.uid("b")));
            assertThat(world.once(attempt, 200)).as(seed()).isEqualTo("c");
        }
        FakeTry last = world.attempt();
        last.tried.addAll(Set.of(World.uid("a"), World.uid("b"), World.uid("c")));
        assertThat(world.once(last, 200)).isIn("a", "b", "c");
    }

    @Test
    void nobodyIsToldAsNoEndpoint() {
        FakeTry attempt = world.attempt().send();
        assertThat(attempt.why).isEqualTo(Upstreams.Unavailable.NO_ENDPOINT);
        assertThat(attempt.detail).contains(World.SERVICE).contains("port 80").contains("ready");
        world.pod("down", 1, "", false);
        assertThat(world.attempt().send().why).isEqualTo(Upstreams.Unavailable.NO_ENDPOINT);
        assertThat(world.stats().get(ClusterStats.Count.NO_ENDPOINT)).isEqualTo(2);
    }

    @Test
    void bytesAreBalancedLikeRequests() {
        world.balance(Algorithm.LEAST_REQUEST).pods("a", "b");
        List<TcpChoice> open = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            var result = world.book.open(world.cluster(), world.table(), World.client(1), Set.of());
            open.add(((TcpUpstreams.Result.Chosen) result).choice());
        }
        assertThat(open.stream().filter(c -> c.endpoint().workload().uid().equals(World.uid("a"))))
                .as(seed())
                .hasSize(5);
        assertThat(world.stats().connections()).isEqualTo(10);
        open.forEach(TcpChoice::done);
        open.forEach(TcpChoice::done);
        assertThat(world.stats().connections()).isZero();
    }
}

package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.HashKey;
import io.culvert.core.route.SessionAffinity;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StickinessTest {
    private static final OutlierDetection EJECT_AT_ONCE =
            new OutlierDetection(1, 0, 0, false, Duration.ofSeconds(10), Duration.ofSeconds(30), 100, 0);

    private final World world = new World(System.nanoTime());

    private String seed() {
        return "seed " + world.seed;
    }

    private void hash(Algorithm algorithm, HashKey key) {
        world.balance(new LoadBalancer(algorithm, key, 0, null, null));
    }

    private void affinity(SessionAffinity affinity) {
        ClusterPolicy own = world.policy();
        world.policy(new ClusterPolicy(own.loadBalancer(), own.limits(), own.outliers(), affinity, own.retryBudget()));
    }

    private Map<String, String> byUser(int users) {
        Map<String, String> owners = new HashMap<>();
        for (int i = 0; i < users; i++) {
            owners.put("user-" + i, world.once(world.attempt("x-user", "user-" + i), 200));
        }
        return owners;
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"RING_HASH", "MAGLEV"})
    void aHeaderLeadsToTheSameEndpointAlsoInAnotherWaypointAndMovesWithItOnly(Algorithm algorithm) {
        hash(algorithm, new HashKey.Header("x-user"));
        world.pods("a", "b", "c", "d", "e");
        Map<String, String> before = byUser(500);
        assertThat(byUser(500)).isEqualTo(before);
        World other = new World(1);
        other.balance(new LoadBalancer(algorithm, new HashKey.Header("x-user"), 0, null, null));
        other.pods("e", "d", "c", "b", "a");
        before.forEach((user, pod) ->
                assertThat(other.once(other.attempt("x-user", user), 200)).isEqualTo(pod));
        world.remove("c");
        Map<String, String> after = byUser(500);
        long moved = before.entrySet().stream()
                .filter(e -> !e.getValue().equals("c") && !e.getValue().equals(after.get(e.getKey())))
                .count();
        assertThat(moved).as("of 500 that were not on c").isLessThan(algorithm == Algorithm.MAGLEV ? 40 : 90);
        world.pods("c");
        assertThat(byUser(500)).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"RING_HASH", "MAGLEV"})
    void anEjectionMovesOnlyThoseOfTheEjected(Algorithm algorithm) {
        world.outliers(EJECT_AT_ONCE);
        hash(algorithm, new HashKey.Header("x-user"));
        world.pods("a", "b", "c", "d");
        Map<String, String> before = byUser(200);
        String bad = Objects.requireNonNull(before.get("user-0"));
        world.once(world.attempt("x-user", "user-0"), 500);
        Map<String, String> during = byUser(200);
        assertThat(during).doesNotContainValue(bad);
        before.forEach((user, pod) -> {
            if (!pod.equals(bad)) {
                assertThat(during).containsEntry(user, pod);
            }
        });
        world.pass(Duration.ofSeconds(31));
        world.pass(Duration.ofSeconds(10));
        assertThat(byUser(200)).isEqualTo(before);
    }

    @Test
    void withoutTheKeyChanceDecides() {
        hash(Algorithm.MAGLEV, new HashKey.Header("x-user"));
        world.pods("a", "b");
        assertThat(world.spread(100)).as(seed()).hasSize(2);
    }

    @Test
    void aQueryParameterLeadsToTheSameEndpoint() {
        hash(Algorithm.MAGLEV, new HashKey.Query("user"));
        world.pods("a", "b", "c", "d");
        Map<String, String> owners = new HashMap<>();
        for (int i = 0; i < 200; i++) {
            FakeTry attempt = world.attempt();
            attempt.request = new RequestHead(
                    "GET", "http", "cart", "/x?a=" + i + "&user=u" + i % 20 + "&user=z", new Fields(), "");
            String pod = world.once(attempt, 200);
            String before = owners.putIfAbsent("u" + i % 20, pod);
            assertThat(before == null || before.equals(pod)).isTrue();
        }
        assertThat(new HashSet<>(owners.values())).hasSizeGreaterThan(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.0.7", "fd00::17"})
    void theClientsAddressLeadsToTheSameEndpointForRequestsAndForBytes(String address) {
        hash(Algorithm.RING_HASH, new HashKey.SourceIp());
        world.pods("a", "b", "c", "d");
        Set<String> pods = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            FakeTry attempt = world.attempt();
            attempt.source = InetAddress.ofLiteral(address);
            pods.add(World.uid(world.once(attempt, 200)));
            var chosen = Objects.requireNonNull(
                    world.book.choose(world.cluster(), world.table(), InetAddress.ofLiteral(address), Set.of()));
            pods.add(chosen.workload().uid());
        }
        assertThat(pods).hasSize(1);
    }

    @Test
    void aHashCookieIsGivenOutOnceAndThenKept() {
        hash(Algorithm.RING_HASH, new HashKey.Cookie("sid", "/shop", Duration.ofHours(2)));
        world.pods("a", "b", "c", "d");
        FakeTry first = world.attempt().send();
        world.connector.acceptAll();
        String given = Objects.requireNonNull(first.ticket().setCookie());
        assertThat(given).matches("sid=[0-9a-f]+; Max-Age=7200; Path=/shop; HttpOnly");
        String value = given.substring(4, given.indexOf(';'));
        String pod = first.pod();
        first.finish(200);
        for (int i = 0; i < 30; i++) {
            FakeTry next =
                    world.attempt("cookie", "a=b; sid=" + value + "; c=d").send();
            world.connector.acceptAll();
            assertThat(next.pod()).isEqualTo(pod);
            assertThat(next.ticket().setCookie()).isNull();
            next.finish(200);
        }
    }

    @Test
    void aHashCookieWithoutLifetimeIsNotGivenOut() {
        hash(Algorithm.RING_HASH, new HashKey.Cookie("sid", "", null));
        world.pods("a");
        FakeTry first = world.attempt().send();
        world.connector.acceptAll();
        assertThat(first.ticket().setCookie()).isNull();
    }

    @Test
    void anAffinityCookieNamesTheEndpointWithoutTellingIt() {
        affinity(new SessionAffinity(true, "session", "", null));
        world.pods("a", "b", "c", "d");
        FakeTry first = world.attempt().send();
        world.connector.acceptAll();
        String given = Objects.requireNonNull(first.ticket().setCookie());
        assertThat(given).matches("session=[A-Za-z0-9_-]{20}; Path=/; HttpOnly").doesNotContain("10.0.");
        String token = given.substring("session=".length(), given.indexOf(';'));
        String pod = first.pod();
        first.finish(200);
        for (int i = 0; i < 30; i++) {
            FakeTry next = world.attempt("cookie", "session=\"" + token + "\"").send();
            world.connector.acceptAll();
            assertThat(next.pod()).isEqualTo(pod);
            assertThat(next.ticket().setCookie()).isNull();
            next.finish(200);
        }
        world.remove(pod);
        FakeTry moved = world.attempt("cookie", "session=" + token).send();
        world.connector.acceptAll();
        assertThat(moved.pod()).isNotEqualTo(pod);
        assertThat(moved.ticket().setCookie()).startsWith("session=").doesNotContain(token);
    }

    @Test
    void anAffinityFieldIsAddedToTheResponse() {
        affinity(new SessionAffinity(false, "x-session", "", null));
        world.pods("a", "b", "c");
        FakeTry first = world.attempt().send();
        world.connector.acceptAll();
        assertThat(first.ticket().setCookie()).isNull();
        Fields response = new Fields();
        first.ticket().addTo(response);
        String token = Objects.requireNonNull(response.get("x-session"));
        FakeTry next = world.attempt("x-session", token).send();
        world.connector.acceptAll();
        assertThat(next.pod()).isEqualTo(first.pod());
        FakeTry forged = world.attempt("x-session", "nobody").send();
        world.connector.acceptAll();
        assertThat(forged.ticket().workload()).isNotEmpty();
    }

    @Test
    void aRetryOfASessionMayGoElsewhere() {
        affinity(new SessionAffinity(true, "session", "", null));
        world.pods("a", "b");
        FakeTry first = world.attempt().send();
        world.connector.acceptAll();
        String token = Objects.requireNonNull(first.ticket().setCookie()).substring(8, 28);
        FakeTry again = world.attempt("cookie", "session=" + token);
        again.tried.add(first.ticket().workload());
        again.send();
        world.connector.acceptAll();
        assertThat(again.pod()).isNotEqualTo(first.pod());
    }
}

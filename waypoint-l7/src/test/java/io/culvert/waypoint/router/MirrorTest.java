package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Mirror;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.cluster.Upstreams.Unavailable;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.router.FakeUpstreams.Call;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MirrorTest {
    private final RouterFixture router = new RouterFixture();

    @AfterEach
    void close() {
        router.close();
    }

    private void mirror(int millionths) {
        router.route(RouterFixture.rule()
                .mirrors(new Mirror(RouterFixture.cluster("v2"), millionths))
                .build());
    }

    private Call copy() {
        return router.apps.calls.stream()
                .filter(call -> call.attempt.cluster().subset().equals("v2"))
                .findFirst()
                .orElseThrow();
    }

    private Call primary() {
        return router.apps.calls.stream()
                .filter(call -> call.attempt.cluster().subset().isEmpty())
                .findFirst()
                .orElseThrow();
    }

    private double count(String name) {
        return count(router.registry, name);
    }

    private static double count(MetricsRegistry registry, String name) {
        return registry.collect().stream()
                .filter(metric -> metric.getMetadata().getName().equals(name))
                .map(CounterSnapshot.class::cast)
                .findFirst()
                .orElseThrow()
                .getDataPoints()
                .getFirst()
                .getValue();
    }

    @Test
    void aCopyGoesToTheMirrorAndItsResponseToNobody() {
        mirror(1_000_000);
        FakeServer client = router.get("/a", "x-one", "1");
        assertThat(copy().head().authority()).isEqualTo("web.shop-shadow");
        assertThat(copy().head().path()).isEqualTo("/a");
        assertThat(copy().field("x-one")).isEqualTo("1");
        copy().begin(500);
        copy().data("nobody sees this");
        assertThat(copy().consumed).isEqualTo(16);
        copy().end();
        assertThat(client.status()).isZero();
        primary().answer(200);
        assertThat(client.status()).isEqualTo(200);
        assertThat(copy().done).isEqualTo(1);
        assertThat(count("culvert_mirrored_requests")).isEqualTo(1);
    }

    @Test
    void aBodyIsCopiedOnceItIsComplete() {
        mirror(1_000_000);
        FakeServer client = router.post("/");
        client.send("abc");
        client.send("def");
        assertThat(router.apps.calls).hasSize(1);
        client.finish();
        assertThat(copy().sent).hasToString("abcdef");
        assertThat(copy().ended).isTrue();
        assertThat(primary().sent).hasToString("abcdef");
        primary().answer(200);
        assertThat(client.status()).isEqualTo(200);
    }

    @Test
    void aResponseThatComesBeforeTheBodyIsCompleteDropsTheCopy() {
        mirror(1_000_000);
        FakeServer client = router.post("/");
        client.send("abc");
        primary().answer(200);
        assertThat(router.apps.calls).hasSize(1);
        assertThat(count("culvert_mirrored_requests_dropped")).isEqualTo(1);
    }

    @Test
    void aBodyOverTheBoundIsNotMirroredAndCounted() {
        router.settings(new RouterSettings(4, 10, Duration.ofSeconds(1), Duration.ofHours(1)));
        mirror(1_000_000);
        FakeServer client = router.post("/");
        client.send("abcde");
        client.finish();
        assertThat(router.apps.calls).hasSize(1);
        assertThat(primary().sent).hasToString("abcde");
        assertThat(count("culvert_mirrored_requests_dropped")).isEqualTo(1);
    }

    @Test
    void aMirrorThatIsNotThereDoesNotHurt() {
        router.apps.wait(true);
        mirror(1_000_000);
        FakeServer client = router.get("/");
        copy().refuse(Unavailable.NO_ENDPOINT);
        primary().connect();
        primary().answer(200);
        assertThat(client.status()).isEqualTo(200);
        assertThat(count("culvert_mirrored_requests_dropped")).isEqualTo(1);
    }

    @Test
    void aBackendThatLeadsNowhereIsNotMirroredTo() {
        router.route(RouterFixture.rule()
                .mirrors(new Mirror(new Backend.Invalid(500, "gone"), 1_000_000))
                .build());
        router.get("/");
        assertThat(router.apps.calls).hasSize(1);
        assertThat(count("culvert_mirrored_requests_dropped")).isEqualTo(1);
    }

    @Test
    void aMirrorThatTakesTooLongIsGivenUp() {
        mirror(1_000_000);
        router.get("/");
        primary().answer(200);
        router.pass(15_000);
        assertThat(copy().reset).isEqualTo(StreamError.TIMEOUT);
        assertThat(copy().done).isEqualTo(1);
    }

    @Test
    void theShareOfMirroredRequestsIsExactOverMany() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        router.chance(random::nextLong);
        mirror(250_000);
        int requests = 10_000;
        for (int i = 0; i < requests; i++) {
            FakeServer client = router.get("/");
            router.apps.calls.forEach(call -> {
                if (call.done == 0) {
                    call.answer(200);
                }
            });
            assertThat(client.status()).isEqualTo(200);
            if (router.apps.calls.size() > 100) {
                router.apps.calls.clear();
            }
        }
        double bound = 5 * Math.sqrt(requests * 0.25 * 0.75);
        assertThat(count("culvert_mirrored_requests"))
                .as("seed %d", seed)
                .isBetween(requests * 0.25 - bound, requests * 0.25 + bound);
    }
}

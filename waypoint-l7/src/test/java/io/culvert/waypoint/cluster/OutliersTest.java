package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.cluster.ClusterStats.Count;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutliersTest {
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final World world = new World(System.nanoTime());

    @BeforeEach
    void balanceByTurns() {
        world.balance(Algorithm.ROUND_ROBIN);
    }

    private static OutlierDetection detection(int serverErrors, int gatewayErrors, int percent, int minimum) {
        return new OutlierDetection(
                serverErrors, gatewayErrors, 0, false, INTERVAL, Duration.ofSeconds(30), percent, minimum);
    }

    /** Sends requests until {@code pod} got one, which ends with {@code status}; the others are answered with 200. */
    private void answer(String pod, int status) {
        for (int i = 0; i < 1000; i++) {
            FakeTry attempt = world.attempt().send();
            world.connector.acceptAll();
            boolean found = attempt.pod().equals(pod);
            attempt.finish(found ? status : 200);
            if (found) {
                return;
            }
        }
        throw new AssertionError(pod + " was never chosen");
    }

    private void failLocally(String pod) {
        for (int i = 0; i < 1000; i++) {
            FakeTry attempt = world.attempt().send();
            world.connector.acceptAll();
            if (attempt.pod().equals(pod)) {
                attempt.fail();
                return;
            }
            attempt.finish(200);
        }
        throw new AssertionError(pod + " was never chosen");
    }

    private boolean ejected(String pod) {
        return !world.spread(60).containsKey(pod);
    }

    @Test
    void fiveServerErrorsInARowEject() {
        world.outliers(detection(5, 0, 100, 0)).pods("a", "b", "c");
        for (int i = 0; i < 4; i++) {
            answer("a", 500);
        }
        answer("a", 200);
        for (int i = 0; i < 4; i++) {
            answer("a", 500);
        }
        assertThat(world.stats().ejected()).isZero();
        answer("a", 500);
        assertThat(world.stats().ejected()).isEqualTo(1);
        assertThat(ejected("a")).isTrue();
        assertThat(world.stats().get(Count.EJECTIONS_CONSECUTIVE_5XX)).isEqualTo(1);
    }

    @Test
    void aScrapeShowsWhatIsEjectedAndWhy() throws IOException {
        MetricsRegistry metrics = new MetricsRegistry();
        world.book.register(metrics);
        world.outliers(detection(2, 0, 100, 0)).pods("a", "b", "c");
        answer("a", 500);
        answer("a", 500);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new OpenMetricsTextFormatWriter(false, true).write(out, metrics.collect());
        String cluster = "cluster=\"" + World.SERVICE + "|80|\"";
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        "culvert_cluster_events_total{" + cluster + ",event=\"ejections_consecutive_5xx\"} 1.0",
                        "culvert_cluster_ejected_endpoints{" + cluster + "} 1.0")
                .doesNotContain("ejections_gateway_errors");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 404, 429, 499, 304, 200})
    void whatIsNotAServerErrorNeverCounts(int status) {
        world.outliers(detection(2, 2, 100, 0)).pods("a", "b");
        for (int i = 0; i < 20; i++) {
            answer("a", status);
        }
        assertThat(world.stats().ejected()).isZero();
    }

    @Test
    void gatewayErrorsAreCountedForThemselves() {
        world.outliers(detection(0, 3, 100, 0)).pods("a", "b");
        answer("a", 502);
        answer("a", 503);
        answer("a", 500);
        answer("a", 504);
        answer("a", 502);
        assertThat(world.stats().ejected())
                .as("500 is no gateway error and breaks the row")
                .isZero();
        answer("a", 503);
        assertThat(world.stats().get(Count.EJECTIONS_GATEWAY_ERRORS)).isEqualTo(1);
    }

    @Test
    void failuresBeforeAResponseCountAs503UnlessToldApart() {
        world.outliers(detection(3, 0, 100, 0)).pods("a", "b");
        failLocally("a");
        failLocally("a");
        answer("a", 500);
        assertThat(world.stats().get(Count.EJECTIONS_CONSECUTIVE_5XX)).isEqualTo(1);
    }

    @Test
    void toldApartTheyHaveACountOfTheirOwn() {
        world.outliers(new OutlierDetection(3, 3, 2, true, INTERVAL, Duration.ofSeconds(30), 100, 0))
                .pods("a", "b");
        answer("a", 500);
        answer("a", 500);
        failLocally("a");
        assertThat(world.stats().ejected()).isZero();
        answer("a", 200);
        failLocally("a");
        assertThat(world.stats().ejected()).as("a response breaks the row").isZero();
        failLocally("a");
        assertThat(world.stats().get(Count.EJECTIONS_LOCAL_ORIGIN)).isEqualTo(1);
        assertThat(ejected("a")).isTrue();
    }

    @Test
    void connectionsThatFailCountToo() {
        world.outliers(detection(2, 0, 100, 0)).pods("a");
        for (int i = 0; i < 2; i++) {
            world.attempt().send();
            world.connector.only().fail(false);
        }
        assertThat(world.stats().ejected()).isEqualTo(1);
        assertThat(world.attempt().send().why).isEqualTo(Upstreams.Unavailable.NO_ENDPOINT);
    }

    @Test
    void anEjectionLastsLongerEachTimeAndIsForgivenWhileHealthy() {
        world.outliers(detection(1, 0, 100, 0)).pods("a", "b");
        answer("a", 500);
        world.pass(Duration.ofSeconds(29));
        assertThat(ejected("a")).isTrue();
        world.pass(INTERVAL);
        assertThat(ejected("a")).as("the first sweep after 30 s").isFalse();
        answer("a", 500);
        world.pass(Duration.ofSeconds(50));
        assertThat(ejected("a")).as("60 s now").isTrue();
        world.pass(Duration.ofSeconds(20));
        assertThat(ejected("a")).isFalse();
        for (int i = 0; i < 5; i++) {
            world.pass(INTERVAL);
        }
        answer("a", 500);
        world.pass(Duration.ofSeconds(40));
        assertThat(ejected("a")).as("30 s again").isFalse();
    }

    @Test
    void anEjectionLastsNoLongerThanFiveMinutes() {
        world.outliers(detection(1, 0, 100, 0)).pods("a", "b");
        for (int i = 0; i < 15; i++) {
            answer("a", 500);
            assertThat(world.stats().ejected()).isEqualTo(1);
            int waited = 0;
            while (world.stats().ejected() == 1) {
                world.pass(INTERVAL);
                waited += 10;
            }
            assertThat(waited).isBetween(Math.min(300, 30 * (i + 1)), Math.min(300, 30 * (i + 1)) + 10);
        }
    }

    @Test
    void oneMayAlwaysBeEjectedOthersOnlyWithinThePercentage() {
        world.outliers(detection(1, 0, 10, 0)).pods("a", "b", "c");
        answer("a", 500);
        answer("b", 500);
        assertThat(world.stats().ejected()).isEqualTo(1);
        assertThat(world.stats().get(Count.EJECTION_OVERFLOW)).isEqualTo(1);
        world.outliers(detection(1, 0, 67, 0));
        answer("b", 500);
        assertThat(world.stats().ejected()).isEqualTo(2);
    }

    @Test
    void withTooFewHealthyOnesEjectionsAreIgnored() {
        world.outliers(detection(1, 0, 100, 50)).pods("a", "b", "c", "d");
        answer("a", 500);
        answer("b", 500);
        assertThat(world.spread(40)).containsOnlyKeys("c", "d");
        answer("c", 500);
        assertThat(world.spread(40)).containsOnlyKeys("a", "b", "c", "d");
    }

    @Test
    void whenAllAreEjectedThereIsNoEndpoint() {
        world.outliers(detection(1, 0, 100, 0)).pods("a", "b");
        answer("a", 500);
        answer("b", 500);
        FakeTry attempt = world.attempt().send();
        assertThat(attempt.why).isEqualTo(Upstreams.Unavailable.NO_ENDPOINT);
        assertThat(attempt.detail).contains("ejected");
    }

    @Test
    void anEjectedEndpointThatLeavesIsForgotten() {
        world.outliers(detection(1, 0, 100, 0)).pods("a", "b");
        answer("a", 500);
        world.remove("a");
        assertThat(world.stats().ejected()).isZero();
        world.pods("a");
        assertThat(ejected("a")).isFalse();
    }

    @Test
    void aSwapOfTheTableKeepsEjectionsAndAPolicyWithoutThemEndsThem() {
        world.outliers(detection(1, 0, 100, 0)).pods("a", "b");
        answer("a", 500);
        world.swap();
        world.pods("c");
        assertThat(ejected("a")).isTrue();
        world.outliers(null);
        assertThat(ejected("a")).isFalse();
        assertThat(world.stats().ejected()).isZero();
    }

    @Test
    void ejectionLeavesRequestsUnderWayAlone() {
        world.outliers(detection(1, 0, 100, 0)).pods("a", "b");
        FakeTry slow = world.attempt().send();
        world.connector.acceptAll();
        answer(slow.pod(), 500);
        assertThat(slow.connection().closed).isFalse();
        slow.finish(200);
        assertThat(world.stats().requests()).isZero();
    }

    @Test
    void bytesCountAsFailuresBeforeAResponse() {
        world.outliers(detection(2, 0, 100, 0)).pods("a");
        for (int i = 0; i < 2; i++) {
            var result = world.book.open(world.cluster(), world.table(), World.client(1), Set.of());
            TcpChoice choice = ((TcpUpstreams.Result.Chosen) result).choice();
            choice.failed();
            choice.done();
        }
        assertThat(world.book.open(world.cluster(), world.table(), World.client(1), Set.of()))
                .isInstanceOf(TcpUpstreams.Result.Refused.class);
    }
}

package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.Fault;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.router.FakeUpstreams.Call;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeoutTest {
    private final RouterFixture router = new RouterFixture();

    @AfterEach
    void close() {
        router.close();
    }

    @Test
    void aRequestThatTakesTooLongIsAnsweredWith504() {
        router.route(RouterFixture.rule().timeouts(1000, 0, 0).build());
        FakeServer client = router.get("/");
        router.pass(999);
        assertThat(client.status()).isZero();
        router.pass(1);
        assertThat(client.status()).isEqualTo(504);
        Call app = router.apps.last();
        assertThat(app.reset).isEqualTo(StreamError.TIMEOUT);
        assertThat(app.failures).isEqualTo(1);
        assertThat(app.done).isEqualTo(1);
        assertThat(router.logged()).contains("\"response_flags\":\"UT\"", "\"duration\":1000");
    }

    @Test
    void theTimeOfARequestBeginsWhenTheClientHasSentAllOfIt() {
        router.route(RouterFixture.rule().timeouts(1000, 0, 0).build());
        FakeServer client = router.post("/");
        router.pass(5000);
        client.finish();
        router.pass(999);
        assertThat(client.status()).isZero();
        router.pass(1);
        assertThat(client.status()).isEqualTo(504);
    }

    @Test
    void aResponseThatTakesTooLongIsBrokenOff() {
        router.route(RouterFixture.rule().timeouts(1000, 0, 0).build());
        FakeServer client = router.get("/");
        router.apps.last().begin(200);
        router.pass(1000);
        assertThat(client.status()).isEqualTo(200);
        assertThat(client.reset).isNotNull();
        assertThat(router.apps.last().reset).isEqualTo(StreamError.TIMEOUT);
    }

    @Test
    void theTimeOfARequestCoversItsRetries() {
        router.route(RouterFixture.rule()
                .timeouts(1000, 400, 0)
                .retry(9, Condition.GATEWAY_ERROR)
                .build());
        FakeServer client = router.get("/");
        router.pass(400);
        router.pass(400);
        assertThat(router.apps.calls).hasSize(3);
        assertThat(client.status()).isZero();
        router.pass(200);
        assertThat(client.status()).isEqualTo(504);
        assertThat(router.apps.calls).hasSize(3);
    }

    @Test
    void aTryThatTakesTooLongIsTriedAgain() {
        router.route(RouterFixture.rule().timeouts(0, 100, 0).retryCodes(1, 504).build());
        FakeServer client = router.get("/");
        router.pass(100);
        assertThat(router.apps.calls).hasSize(2);
        assertThat(router.apps.calls.getFirst().reset).isEqualTo(StreamError.TIMEOUT);
        router.apps.last().answer(200);
        assertThat(client.status()).isEqualTo(200);
    }

    @Test
    void theTimeOfATryEndsWithItsHead() {
        router.route(RouterFixture.rule().timeouts(0, 100, 0).build());
        FakeServer client = router.get("/");
        router.apps.last().begin(200);
        router.pass(10_000);
        assertThat(client.reset).isNull();
        router.apps.last().end();
        assertThat(client.ended).isTrue();
    }

    @Test
    void aTryThatTakesTooLongWithoutARetryIsAnsweredWith504() {
        router.route(RouterFixture.rule().timeouts(0, 100, 0).build());
        FakeServer client = router.get("/");
        router.pass(100);
        assertThat(client.status()).isEqualTo(504);
        assertThat(router.logged()).contains("\"response_flags\":\"UT\"");
    }

    @Test
    void aRequestWithoutAByteForTooLongIsGivenUp() {
        router.route(RouterFixture.rule().timeouts(0, 0, 1000).build());
        FakeServer client = router.get("/");
        router.apps.last().begin(200);
        router.pass(900);
        router.apps.last().data("x");
        router.pass(900);
        assertThat(client.reset).isNull();
        router.pass(100);
        assertThat(client.reset).isNotNull();
        assertThat(router.logged()).contains("\"response_flags\":\"SI\"");
    }

    @ParameterizedTest(name = "request complete: {0}, {1}")
    @CsvSource({"true,504", "false,408"})
    void whoIsIdleIsToldByTheStatus(boolean complete, int status) {
        router.route(RouterFixture.rule().timeouts(0, 0, 1000).build());
        FakeServer client = router.start("POST", "/", complete);
        router.pass(1000);
        assertThat(client.status()).isEqualTo(status);
    }

    @ParameterizedTest(name = "asked {0}, rule {1} ms: after {2} ms")
    @CsvSource({"250m,0,250", "1S,400,400", "250m,400,250", "1H,0,3600000", "99999999u,0,100000"})
    void aGrpcDeadlineIsHonouredAndCapped(String asked, long rule, long after) {
        router.route(RouterFixture.rule().timeouts(rule, 0, 0).build());
        FakeServer client = router.post("/pkg.Svc/M", "content-type", "application/grpc+proto", "grpc-timeout", asked);
        router.pass(after - 1);
        assertThat(client.status()).isZero();
        router.pass(1);
        assertThat(client.status()).isEqualTo(200);
        assertThat(client.field("grpc-status")).isEqualTo("4");
        assertThat(client.ended).isTrue();
        assertThat(router.logged()).contains("\"response_flags\":\"UT\"", "\"grpc_status\":\"4\"");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"1", "S", "-1S", "123456789S", "1x", "1.5S"})
    void whatIsNoGrpcTimeoutIsNoLimit(String value) {
        assertThat(GrpcStatus.timeoutNanos(value)).isZero();
    }

    @Test
    void anUpgradeHasNoLimitButAnIdleTime() {
        router.route(RouterFixture.rule().timeouts(1000, 0, 0).build());
        FakeServer client =
                router.start(new RequestHead("GET", "http", "web.shop", "/", new Fields(), "websocket"), true);
        router.apps.last().ended = false;
        router.apps.last().receiver().onUpgraded(new ResponseHead(101, new Fields()));
        router.pass(Duration.ofMinutes(59).toMillis());
        assertThat(client.reset).isNull();
        router.pass(Duration.ofMinutes(1).toMillis());
        assertThat(client.reset).isNotNull();
    }

    @Test
    void aDelayHoldsTheRequestBackAndIsFlagged() {
        router.chance(bound -> 0);
        router.route(RouterFixture.rule()
                .fault(new Fault(Duration.ofSeconds(2), 500_000, 0, -1, 0))
                .build());
        FakeServer client = router.post("/");
        client.send("abc");
        client.finish();
        router.pass(1999);
        assertThat(router.apps.calls).isEmpty();
        assertThat(client.consumed).isZero();
        router.pass(1);
        assertThat(router.apps.last().sent).hasToString("abc");
        router.apps.last().answer(200);
        assertThat(router.logged()).contains("\"response_flags\":\"DI\"", "\"duration\":2000");
    }

    @Test
    void aClientThatLeavesDuringADelayReachesNoApp() {
        router.chance(bound -> 0);
        router.route(RouterFixture.rule()
                .fault(new Fault(Duration.ofSeconds(2), 1_000_000, 0, -1, 0))
                .build());
        FakeServer client = router.get("/");
        client.receiver().onReset(StreamError.CANCELLED, "");
        router.pass(5000);
        assertThat(router.apps.calls).isEmpty();
        assertThat(router.logged()).contains("\"response_flags\":\"DC,DI\"");
    }

    @Test
    void anAbortAnswersWithoutAnyApp() {
        router.route(RouterFixture.rule()
                .fault(new Fault(Duration.ZERO, 0, 418, -1, 1_000_000))
                .build());
        FakeServer client = router.get("/");
        assertThat(client.status()).isEqualTo(418);
        assertThat(router.apps.calls).isEmpty();
        assertThat(router.logged()).contains("\"response_flags\":\"FI\"");
    }

    @Test
    void anAbortWithAGrpcStatusIsToldInTheClientsTerms() {
        router.route(RouterFixture.rule()
                .fault(new Fault(Duration.ZERO, 0, 0, 8, 1_000_000))
                .build());
        FakeServer grpc = router.get("/", "content-type", "application/grpc");
        assertThat(grpc.status()).isEqualTo(200);
        assertThat(grpc.field("grpc-status")).isEqualTo("8");
        assertThat(router.get("/").status()).isEqualTo(429);
    }

    @Test
    void aShareOfMillionthsHappensInItsShareOfCases() {
        Chance half = bound -> 499_999;
        assertThat(half.happens(500_000)).isTrue();
        assertThat(half.happens(499_999)).isFalse();
        assertThat(half.happens(0)).isFalse();
        assertThat(half.happens(1_000_000)).isTrue();
    }
}

package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.waypoint.cluster.Upstreams.Unavailable;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.router.FakeUpstreams.Call;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryTest {
    private final RouterFixture router = new RouterFixture();

    @AfterEach
    void close() {
        router.close();
    }

    private void route(int retries, Condition... on) {
        router.route(RouterFixture.rule().retry(retries, on).build());
    }

    @Test
    void aRetryHidesAFailureAndAvoidsTheEndpointThatFailed() {
        route(2, Condition.SERVER_ERROR);
        FakeServer client = router.get("/");
        router.apps.last().answer(503);
        assertThat(router.apps.calls).hasSize(2);
        assertThat(router.apps.last().avoided).containsExactly("pod-1");
        assertThat(router.apps.last().attempt.retry()).isTrue();
        assertThat(router.apps.last().field("x-envoy-attempt-count")).isEqualTo("2");
        assertThat(router.apps.calls.getFirst().field("x-envoy-attempt-count")).isEqualTo("1");
        assertThat(router.apps.calls.getFirst().statuses).containsExactly(503);
        router.apps.last().answer(200);
        assertThat(client.status()).isEqualTo(200);
        assertThat(router.apps.calls).allSatisfy(call -> assertThat(call.done).isEqualTo(1));
        assertThat(router.logged()).contains("\"attempts\":2", "\"response_flags\":\"-\"");
    }

    @Test
    void theLastResponseIsPassedOnWhenRetriesAreUsedUp() {
        route(1, Condition.SERVER_ERROR);
        FakeServer client = router.get("/");
        router.apps.last().answer(500);
        router.apps.last().answer(502);
        assertThat(router.apps.calls).hasSize(2);
        assertThat(client.status()).isEqualTo(502);
        assertThat(router.logged()).contains("\"response_flags\":\"URX\"");
    }

    static Stream<Arguments> responses() {
        return Stream.of(
                arguments(Condition.SERVER_ERROR, 500, true),
                arguments(Condition.SERVER_ERROR, 599, true),
                arguments(Condition.SERVER_ERROR, 499, false),
                arguments(Condition.GATEWAY_ERROR, 500, false),
                arguments(Condition.GATEWAY_ERROR, 502, true),
                arguments(Condition.GATEWAY_ERROR, 504, true),
                arguments(Condition.GATEWAY_ERROR, 505, false),
                arguments(Condition.RETRIABLE_4XX, 409, true),
                arguments(Condition.RETRIABLE_4XX, 404, false),
                arguments(Condition.CONNECT_FAILURE, 503, false),
                arguments(Condition.RESET, 503, false));
    }

    @ParameterizedTest(name = "{0} and {1}: {2}")
    @MethodSource("responses")
    void aStatusIsTriedAgainAsTheConditionSays(Condition on, int status, boolean again) {
        route(1, on);
        router.get("/");
        router.apps.last().answer(status);
        assertThat(router.apps.calls).hasSize(again ? 2 : 1);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(ints = {404, 503})
    void codesAreTriedAgain(int code) {
        router.route(RouterFixture.rule().retryCodes(1, code).build());
        router.get("/");
        router.apps.last().answer(code);
        assertThat(router.apps.calls).hasSize(2);
        router.apps.last().answer(200);
    }

    @Test
    void aRateLimitedResponseIsTriedAgainOnlyWhenThatIsAskedFor() {
        route(1, Condition.SERVER_ERROR);
        router.get("/");
        router.apps.last().answer(503, new Fields().add("x-envoy-ratelimited", "true"));
        assertThat(router.apps.calls).hasSize(1);
        RouterFixture other = new RouterFixture();
        other.route(RouterFixture.rule().retry(1, Condition.RATE_LIMITED).build());
        other.get("/");
        other.apps.last().answer(429, new Fields().add("x-envoy-ratelimited", "true"));
        assertThat(other.apps.calls).hasSize(2);
        other.close();
    }

    static Stream<Arguments> grpcStatuses() {
        return Stream.of(
                arguments(Condition.CANCELLED, 1),
                arguments(Condition.DEADLINE_EXCEEDED, 4),
                arguments(Condition.RESOURCE_EXHAUSTED, 8),
                arguments(Condition.INTERNAL, 13),
                arguments(Condition.UNAVAILABLE, 14));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("grpcStatuses")
    void aGrpcStatusInTheHeadIsTriedAgain(Condition on, int status) {
        route(1, on);
        FakeServer client = router.get("/pkg.Svc/M", "content-type", "application/grpc");
        router.apps.last().answer(200, new Fields().add("grpc-status", Integer.toString(status)));
        assertThat(router.apps.calls).hasSize(2);
        router.apps.last().answer(200, new Fields().add("grpc-status", "3"));
        assertThat(router.apps.calls).hasSize(2);
        assertThat(client.field("grpc-status")).isEqualTo("3");
    }

    static Stream<Arguments> resets() {
        return Stream.of(
                arguments(Condition.REFUSED_STREAM, StreamError.REFUSED, true),
                arguments(Condition.REFUSED_STREAM, StreamError.CANCELLED, false),
                arguments(Condition.CONNECT_FAILURE, StreamError.CONNECTION_LOST, false),
                arguments(Condition.RESET_BEFORE_REQUEST, StreamError.CONNECTION_LOST, false),
                arguments(Condition.RESET, StreamError.CONNECTION_LOST, true),
                arguments(Condition.SERVER_ERROR, StreamError.CANCELLED, true),
                arguments(Condition.GATEWAY_ERROR, StreamError.CANCELLED, true));
    }

    @ParameterizedTest(name = "{0} and {1}: {2}")
    @MethodSource("resets")
    void aResetIsTriedAgainAsTheConditionSays(Condition on, StreamError error, boolean again) {
        route(1, on);
        router.get("/");
        router.apps.last().fail(error);
        assertThat(router.apps.calls.getFirst().failures).isEqualTo(1);
        assertThat(router.apps.calls.getFirst().done).isEqualTo(1);
        assertThat(router.apps.calls).hasSize(again ? 2 : 1);
    }

    static Stream<Arguments> flags() {
        return Stream.of(
                arguments(StreamError.CONNECTION_LOST, 503, "UC"),
                arguments(StreamError.CANCELLED, 503, "UR"),
                arguments(StreamError.REFUSED, 503, "UR"),
                arguments(StreamError.PROTOCOL, 502, "UPE"),
                arguments(StreamError.LIMIT, 502, "UPE"),
                arguments(StreamError.TIMEOUT, 504, "UT"));
    }

    @ParameterizedTest(name = "{0}: {1} {2}")
    @MethodSource("flags")
    void aResetBeforeTheResponseIsToldByStatusAndFlag(StreamError error, int status, String flag) {
        route(0);
        FakeServer client = router.get("/");
        router.apps.last().fail(error);
        assertThat(client.status()).isEqualTo(status);
        assertThat(router.logged()).contains("\"response_flags\":\"" + flag + "\"");
    }

    static Stream<Arguments> unavailable() {
        return Stream.of(
                arguments(Unavailable.NO_ENDPOINT, 1, "UH"),
                arguments(Unavailable.CONNECT_FAILED, 3, "UF,URX"),
                arguments(Unavailable.CONNECT_TIMEOUT, 3, "UF,URX"),
                arguments(Unavailable.OVERFLOW, 1, "UO"),
                arguments(Unavailable.RETRY_BUDGET, 1, "URX"));
    }

    @ParameterizedTest(name = "{0}: {1} tries, {2}")
    @MethodSource("unavailable")
    void whatHasNoConnectionIsToldByItsFlag(Unavailable why, int tries, String flag) {
        route(2, Condition.CONNECT_FAILURE);
        router.apps.wait(true);
        FakeServer client = router.get("/");
        int made = 0;
        while (client.status() == 0) {
            router.apps.calls.get(made++).refuse(why);
        }
        assertThat(made).isEqualTo(tries);
        assertThat(router.apps.last().avoided).hasSize(tries - 1);
        assertThat(client.status()).isEqualTo(503);
        assertThat(router.logged()).contains("\"response_flags\":\"" + flag + "\"", "no way to pod-" + tries);
    }

    @Test
    void thousandsOfTriesThatAreRefusedAtOnceFillNoStack() {
        route(5_000, Condition.CONNECT_FAILURE);
        router.apps.refuseAtOnce(Unavailable.CONNECT_FAILED);
        FakeServer client = router.get("/");
        for (int i = 0; client.status() == 0 && i < 5_000; i++) {
            router.pass(1);
        }
        assertThat(client.status()).isEqualTo(503);
        assertThat(router.apps.calls).hasSize(5_001);
    }

    @Test
    void aBudgetThatIsSpentEndsTheRetries() {
        route(2, Condition.SERVER_ERROR);
        FakeServer client = router.get("/");
        router.apps.wait(true);
        router.apps.last().answer(500);
        router.apps.last().refuse(Unavailable.RETRY_BUDGET);
        assertThat(client.status()).isEqualTo(503);
        assertThat(router.logged()).contains("\"response_flags\":\"URX\"");
    }

    @Test
    void aRequestThatAnotherProxyTriesAgainIsNotTriedAgain() {
        route(2, Condition.SERVER_ERROR);
        FakeServer client = router.get("/", "x-envoy-attempt-count", "2");
        assertThat(router.apps.last().field("x-envoy-attempt-count")).isEqualTo("2");
        router.apps.last().answer(500);
        assertThat(router.apps.calls).hasSize(1);
        assertThat(client.status()).isEqualTo(500);
    }

    @Test
    void aBodyIsSentAgainWhole() {
        route(1, Condition.SERVER_ERROR);
        FakeServer client = router.post("/");
        client.send("abc");
        client.send("x".repeat(5000));
        router.apps.last().answer(503);
        client.send("def");
        client.finish();
        assertThat(router.apps.calls).hasSize(2);
        assertThat(router.apps.last().sent).hasToString("abc" + "x".repeat(5000) + "def");
        assertThat(router.apps.last().ended).isTrue();
        assertThat(client.consumed).isEqualTo(5006);
    }

    @Test
    void creditThatATryDidNotReturnIsReturnedByTheNext() {
        route(1, Condition.RESET);
        FakeServer client = router.post("/");
        router.apps.last().writable = false;
        client.send("order");
        assertThat(client.consumed).isZero();
        router.apps.last().fail(StreamError.CONNECTION_LOST);
        assertThat(router.apps.last().sent).hasToString("order");
        assertThat(client.consumed).isEqualTo(5);
    }

    @Test
    void aBodyOverTheBoundIsNotSentAgain() {
        router.settings(new RouterSettings(10, 1, Duration.ofSeconds(1), Duration.ofHours(1)));
        route(1, Condition.SERVER_ERROR);
        FakeServer client = router.post("/");
        client.send("0123456789a");
        client.finish();
        router.apps.last().answer(503);
        assertThat(router.apps.calls).hasSize(1);
        assertThat(client.status()).isEqualTo(503);
    }

    @Test
    void aBodyOverTheBoundThatNoTryHasGotYetIsTriedAgain() {
        router.settings(new RouterSettings(10, 1, Duration.ofSeconds(1), Duration.ofHours(1)));
        route(1, Condition.CONNECT_FAILURE);
        router.apps.wait(true);
        FakeServer client = router.post("/");
        client.send("0123456789a");
        router.apps.last().refuse(Unavailable.CONNECT_FAILED);
        router.apps.last().connect();
        assertThat(router.apps.last().sent).hasToString("0123456789a");
        assertThat(client.consumed).isEqualTo(11);
    }

    @Test
    void aResponseThatIsTriedAgainIsNotWaitedFor() {
        route(1, Condition.SERVER_ERROR);
        FakeServer client = router.get("/");
        Call first = router.apps.last();
        first.begin(503);
        assertThat(first.reset).isEqualTo(StreamError.CANCELLED);
        first.data("late");
        router.apps.last().answer(200);
        assertThat(client.written).hasToString("");
        assertThat(client.status()).isEqualTo(200);
    }

    @Test
    void aRetryWaitsUniformlyWithinItsRange() {
        RetryPolicy policy = new RetryPolicy(
                9, Set.of(Condition.SERVER_ERROR), Set.of(), Duration.ofMillis(25), Duration.ofMillis(250), true);
        Chance most = bound -> bound - 1;
        assertThat(RetryRules.backoffNanos(policy, 1, most)).isEqualTo(25_000_000L - 1);
        assertThat(RetryRules.backoffNanos(policy, 2, most)).isEqualTo(75_000_000L - 1);
        assertThat(RetryRules.backoffNanos(policy, 3, most)).isEqualTo(175_000_000L - 1);
        assertThat(RetryRules.backoffNanos(policy, 4, most)).isEqualTo(250_000_000L - 1);
        assertThat(RetryRules.backoffNanos(policy, 60, most)).isEqualTo(250_000_000L - 1);
        assertThat(RetryRules.backoffNanos(policy, 3, bound -> 0)).isZero();
    }

    @Test
    void aClientThatLeavesDuringTheWaitStartsNoFurtherTry() {
        router.route(RouterFixture.rule()
                .retry(new RetryPolicy(
                        2,
                        Set.of(Condition.SERVER_ERROR),
                        Set.of(),
                        Duration.ofMillis(25),
                        Duration.ofMillis(250),
                        true))
                .build());
        FakeServer client = router.get("/");
        router.apps.last().answer(503);
        router.pass(10);
        assertThat(router.apps.calls).hasSize(1);
        client.receiver().onReset(StreamError.CANCELLED, "");
        router.pass(100);
        assertThat(router.apps.calls).hasSize(1);
    }

    @Test
    void aRetryStartsWhenItsWaitIsOver() {
        router.route(RouterFixture.rule()
                .retry(new RetryPolicy(
                        2,
                        Set.of(Condition.SERVER_ERROR),
                        Set.of(),
                        Duration.ofMillis(25),
                        Duration.ofMillis(250),
                        true))
                .build());
        router.get("/");
        router.apps.last().answer(503);
        router.pass(24);
        assertThat(router.apps.calls).hasSize(1);
        router.pass(1);
        assertThat(router.apps.calls).hasSize(2);
        router.apps.last().answer(503);
        router.pass(74);
        assertThat(router.apps.calls).hasSize(2);
        router.pass(1);
        assertThat(router.apps.calls).hasSize(3);
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(
            value = StreamError.class,
            names = {"REFUSED"})
    void theDefaultRetriesWhatWasNotProcessed(StreamError error) {
        router.chance(bound -> 0);
        router.get("/");
        router.apps.last().fail(error);
        router.apps.last().fail(error);
        assertThat(router.apps.calls).hasSize(3);
    }
}

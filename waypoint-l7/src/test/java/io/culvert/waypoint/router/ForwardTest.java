package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.Backend;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.WeightedBackend;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.router.FakeUpstreams.Call;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ForwardTest {
    private final RouterFixture router = new RouterFixture();

    @AfterEach
    void close() {
        router.close();
    }

    @Test
    void aRequestWithoutRoutesPassesToItsServiceAndItsResponseBack() {
        FakeServer client = router.get("/cart?x=1", "user-agent", "curl");
        Call app = router.apps.last();
        assertThat(app.attempt.cluster().key()).isEqualTo(RouterFixture.CLUSTER);
        assertThat(app.head().path()).isEqualTo("/cart?x=1");
        assertThat(app.head().authority()).isEqualTo("web.shop");
        assertThat(app.headOnly).isTrue();
        assertThat(app.field("x-forwarded-proto")).isEqualTo("http");
        assertThat(app.field("x-envoy-attempt-count")).isEqualTo("1");
        assertThat(app.field("x-request-id")).hasSize(36);
        app.begin(200);
        app.data("hello");
        app.end();
        assertThat(client.status()).isEqualTo(200);
        assertThat(client.written).hasToString("hello");
        assertThat(client.ended).isTrue();
        assertThat(client.field("x-envoy-upstream-service-time")).isEqualTo("0");
        assertThat(app.done).isEqualTo(1);
        assertThat(app.consumed).isEqualTo(5);
        assertThat(router.logged())
                .contains(
                        "\"route_name\":\"default\"",
                        "\"method\":\"GET\"",
                        "\"path\":\"/cart?x=1\"",
                        "\"response_code\":200",
                        "\"response_flags\":\"-\"",
                        "\"bytes_sent\":5",
                        "\"upstream_host\":\"10.0.0.9:8080\"",
                        "\"user_agent\":\"curl\"",
                        "\"source_principal\":\"spiffe://cluster.local/ns/front/sa/shopper\"");
    }

    @Test
    void whatOnlyProxiesMaySayIsTakenOffTheRequest() {
        router.get(
                "/",
                "x-envoy-retry-on",
                "5xx",
                "x-envoy-upstream-rq-timeout-ms",
                "1",
                "x-forwarded-client-cert",
                "URI=spiffe://evil",
                "x-envoy-original-path",
                "/admin",
                "x-request-id",
                "mine");
        Fields sent = router.apps.last().head().fields();
        assertThat(sent.toString()).doesNotContain("retry-on", "timeout-ms", "client-cert", "original-path");
        assertThat(sent.get("x-request-id")).isEqualTo("mine");
    }

    @Test
    void aRequestThatNoRouteTakesIsNotFound() {
        router.route(
                new HttpMatch(new PathMatch.Exact("/only", false), null, null, null, List.of(), List.of()),
                RouterFixture.rule().build());
        FakeServer client = router.get("/other");
        assertThat(client.status()).isEqualTo(404);
        assertThat(router.apps.calls).isEmpty();
        assertThat(router.logged()).contains("\"response_flags\":\"NR\"");
    }

    @Test
    void aBackendThatLeadsNowhereIsAnsweredWithItsStatus() {
        router.route(RouterFixture.rule()
                .to(new Backend.Invalid(500, "service shop/gone is not there"))
                .build());
        assertThat(router.get("/").status()).isEqualTo(500);
        assertThat(router.logged()).contains("service shop/gone is not there", "\"response_flags\":\"NC\"");
    }

    @Test
    void noWeightAboveZeroIsAnsweredWith500() {
        router.route(RouterFixture.rule()
                .to(new WeightedBackend(RouterFixture.cluster(""), 0, HeaderChanges.NONE, HeaderChanges.NONE))
                .build());
        assertThat(router.get("/").status()).isEqualTo(500);
    }

    @Test
    void aSubsetThatIsNotInTheTableIsNoCluster() {
        router.route(RouterFixture.rule().to(RouterFixture.cluster("v9")).build());
        assertThat(router.get("/").status()).isEqualTo(503);
        assertThat(router.logged()).contains("\"response_flags\":\"NC\"");
    }

    @Test
    void weightsAreExactOverManyRequests() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        router.chance(random::nextLong);
        router.route(RouterFixture.rule()
                .to(
                        new WeightedBackend(RouterFixture.cluster(""), 9, HeaderChanges.NONE, HeaderChanges.NONE),
                        new WeightedBackend(RouterFixture.cluster("v2"), 1, HeaderChanges.NONE, HeaderChanges.NONE),
                        new WeightedBackend(RouterFixture.cluster("v9"), 0, HeaderChanges.NONE, HeaderChanges.NONE))
                .build());
        int requests = 20_000;
        for (int i = 0; i < requests; i++) {
            router.get("/");
            router.apps.last().answer(200);
        }
        long canary = router.apps.calls.stream()
                .filter(call -> call.attempt.cluster().subset().equals("v2"))
                .count();
        // Five standard deviations of the binomial distribution: fails by chance once in two million runs.
        double bound = 5 * Math.sqrt(requests * 0.1 * 0.9);
        assertThat((double) canary).as("seed %d", seed).isBetween(requests * 0.1 - bound, requests * 0.1 + bound);
        assertThat(router.apps.calls).hasSize(requests);
    }

    @Test
    void headersChangeByRouteThenByBackend() {
        HeaderChanges route = new HeaderChanges(
                Map.of("x-set", "route", "x-both", "route", "content-length", "7"),
                Map.of("x-add", "route"),
                List.of("x-gone"));
        HeaderChanges backend = new HeaderChanges(Map.of("x-both", "backend"), Map.of("x-add", "backend"), List.of());
        router.route(RouterFixture.rule()
                .request(route)
                .response(new HeaderChanges(Map.of("x-both", "route"), Map.of(), List.of("server")))
                .to(new WeightedBackend(RouterFixture.cluster(""), 1, backend, backend))
                .build());
        FakeServer client = router.get("/", "x-gone", "1", "x-set", "a", "x-set", "b");
        Call app = router.apps.last();
        assertThat(app.field("x-gone")).isNull();
        assertThat(app.field("x-set")).isEqualTo("route");
        assertThat(app.field("x-both")).isEqualTo("backend");
        assertThat(app.field("x-add")).isEqualTo("route,backend");
        assertThat(app.field("content-length")).isNull();
        app.answer(200, new Fields().add("server", "app").add("x-both", "app"));
        assertThat(client.field("server")).isNull();
        assertThat(client.field("x-both")).isEqualTo("route");
        assertThat(client.field("x-add")).isEqualTo("backend");
    }

    @Test
    void authorityAndPathAreRewrittenAndTheOldPathIsLogged() {
        router.route(RouterFixture.rule()
                .rewrite(new Rewrite("v2.shop", new PathChange.Prefix("/old", "/new", true)))
                .build());
        router.get("/old/x?q=1");
        Call app = router.apps.last();
        assertThat(app.head().path()).isEqualTo("/new/x?q=1");
        assertThat(app.head().authority()).isEqualTo("v2.shop");
        assertThat(app.field("x-envoy-original-path")).isEqualTo("/old/x?q=1");
        app.answer(200);
        assertThat(router.logged()).contains("\"path\":\"/old/x?q=1\"", "\"authority\":\"web.shop\"");
    }

    @Test
    void aRequestBodyStreamsWithCreditOnlyAsFastAsTheAppTakesIt() {
        FakeServer client = router.post("/");
        Call app = router.apps.last();
        assertThat(app.headOnly).isFalse();
        client.send("abc");
        assertThat(client.consumed).isEqualTo(3);
        app.writable = false;
        client.send("defg");
        assertThat(app.sent).hasToString("abcdefg");
        assertThat(client.consumed).isEqualTo(3);
        app.writable = true;
        app.receiver().onWritable();
        assertThat(client.consumed).isEqualTo(7);
        client.finish();
        assertThat(app.ended).isTrue();
    }

    @Test
    void aBodyWaitsWithoutCreditForAConnection() {
        router.apps.wait(true);
        FakeServer client = router.post("/");
        client.send("abc");
        client.finish();
        assertThat(client.consumed).isZero();
        router.apps.last().connect();
        assertThat(router.apps.last().sent).hasToString("abc");
        assertThat(router.apps.last().ended).isTrue();
        assertThat(client.consumed).isEqualTo(3);
    }

    @Test
    void aResponseStreamsWithCreditOnlyAsFastAsTheClientTakesIt() {
        FakeServer client = router.get("/");
        Call app = router.apps.last();
        app.begin(200);
        client.writable = false;
        app.data("abc");
        assertThat(app.consumed).isZero();
        client.writable = true;
        client.receiver().onWritable();
        assertThat(app.consumed).isEqualTo(3);
    }

    @Test
    void anEarlyResponseEndsTheRequestToTheApp() {
        FakeServer client = router.post("/");
        client.send("part");
        Call app = router.apps.last();
        app.answer(413);
        assertThat(client.status()).isEqualTo(413);
        assertThat(client.ended).isTrue();
        assertThat(app.reset).isEqualTo(StreamError.CANCELLED);
        client.send("more");
        assertThat(app.sent).hasToString("part");
    }

    @Test
    void aResponseThatBreaksOffIsBrokenOffTowardsTheClient() {
        FakeServer client = router.get("/");
        Call app = router.apps.last();
        app.begin(200);
        app.data("half");
        app.fail(StreamError.CONNECTION_LOST);
        assertThat(client.reset).isNotNull();
        assertThat(client.ended).isFalse();
        assertThat(app.failures).isZero();
        assertThat(app.done).isEqualTo(1);
        assertThat(router.logged()).contains("\"response_code\":200", "\"response_flags\":\"UC\"");
    }

    @Test
    void aClientThatLeavesResetsTheApp() {
        FakeServer client = router.get("/");
        client.receiver().onReset(StreamError.CANCELLED, "");
        Call app = router.apps.last();
        assertThat(app.reset).isEqualTo(StreamError.CANCELLED);
        assertThat(app.failures).isZero();
        assertThat(app.done).isEqualTo(1);
        assertThat(router.logged()).contains("\"response_code\":0", "\"response_flags\":\"DC\"");
    }

    @Test
    void aClientThatLeavesWhileItWaitsGivesTheWaitUp() {
        router.apps.wait(true);
        FakeServer client = router.post("/");
        client.send("abc");
        client.receiver().onReset(StreamError.CANCELLED, "");
        assertThat(router.apps.last().cancelled).isTrue();
    }

    @Test
    void interimResponsesPass() {
        FakeServer client = router.get("/");
        Call app = router.apps.last();
        app.receiver().onInformational(new ResponseHead(103, new Fields()));
        assertThat(client.informed).hasSize(1);
        app.answer(200);
        app.receiver().onInformational(new ResponseHead(103, new Fields()));
        assertThat(client.informed).hasSize(1);
    }

    @Test
    void anUpgradeJoinsBothSidesUntilBothHaveEnded() {
        RequestHead head = new RequestHead("GET", "http", "web.shop", "/chat", new Fields(), "websocket");
        FakeServer client = router.start(head, true);
        Call app = router.apps.last();
        assertThat(app.head().upgrade()).isEqualTo("websocket");
        app.ended = false;
        app.receiver().onUpgraded(new ResponseHead(101, new Fields()));
        assertThat(client.upgraded).isTrue();
        client.send("ping");
        assertThat(app.sent).hasToString("ping");
        assertThat(client.consumed).isEqualTo(4);
        app.data("pong");
        assertThat(client.written).hasToString("pong");
        client.finish();
        assertThat(app.ended).isTrue();
        assertThat(app.done).isZero();
        app.end();
        assertThat(client.ended).isTrue();
        assertThat(app.done).isEqualTo(1);
        assertThat(app.reset).isNull();
        assertThat(router.logged()).contains("\"response_code\":101", "\"bytes_received\":4", "\"bytes_sent\":4");
    }

    @Test
    void anUpgradeThatNobodyAskedForBreaksTheProtocol() {
        FakeServer client = router.get("/");
        router.apps.last().receiver().onUpgraded(new ResponseHead(101, new Fields()));
        assertThat(client.status()).isEqualTo(502);
    }

    @Test
    void theCookieThatBindsASessionIsAddedToTheResponse() {
        FakeServer client = router.get("/");
        router.apps.last().cookie = "affinity=pod-1; Path=/";
        router.apps.last().answer(200, new Fields().add("set-cookie", "own=1"));
        assertThat(client.field("set-cookie")).isEqualTo("own=1,affinity=pod-1; Path=/");
    }
}

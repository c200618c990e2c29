package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cors;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction.DirectResponse;
import io.culvert.core.route.HttpAction.PortFrom;
import io.culvert.core.route.HttpAction.Redirect;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.StringMatch;
import io.culvert.core.route.StringMatch.Exact;
import io.culvert.core.route.StringMatch.Present;
import io.culvert.core.route.StringMatch.Suffix;
import io.culvert.waypoint.cluster.Upstreams.Unavailable;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Answers that no app gives: redirects, direct responses, CORS, errors. */
class AnswerTest {
    private static final String ORIGIN = "https://shop.example";

    private final RouterFixture router = new RouterFixture();

    @AfterEach
    void close() {
        router.close();
    }

    static Stream<Arguments> redirects() {
        PortFrom listener = PortFrom.LISTENER_OR_SCHEME;
        return Stream.of(
                arguments(null, "other", 0, listener, "web:8080", 80, "http://other/a?b"),
                arguments(null, "other", 0, listener, "web", 8080, "http://other:8080/a?b"),
                arguments(null, null, 0, listener, "web:9000", 8080, "http://web:8080/a?b"),
                arguments("https", null, 0, listener, "web", 8080, "https://web/a?b"),
                arguments("https", null, 8443, listener, "web", 80, "https://web:8443/a?b"),
                arguments("https", null, 443, listener, "web", 80, "https://web/a?b"),
                arguments("http", null, 443, listener, "web", 80, "http://web:443/a?b"),
                arguments(null, null, 80, listener, "web", 8080, "http://web/a?b"),
                arguments(null, null, 0, PortFrom.SCHEME, "web:8080", 8080, "http://web/a?b"),
                arguments(null, "other", 0, PortFrom.REQUEST, "web:8080", 80, "http://other:8080/a?b"),
                arguments(null, "other", 0, PortFrom.REQUEST, "web", 8080, "http://other/a?b"),
                arguments("https", null, 0, PortFrom.REQUEST, "[::1]:80", 80, "https://[::1]:80/a?b"),
                arguments(null, null, 0, listener, "[::1]", 80, "http://[::1]/a?b"));
    }

    @ParameterizedTest(name = "{0} {1} {2} {3}, {4} at {5}: {6}")
    @MethodSource("redirects")
    void aLocationIsBuiltFromRedirectRequestAndListener(
            @Nullable String scheme,
            @Nullable String host,
            int port,
            PortFrom from,
            String authority,
            int listener,
            String expected) {
        Redirect redirect = new Redirect(scheme, host, port, from, null, 302);
        RequestHead request = new RequestHead("GET", "http", authority, "/a?b", new Fields(), "");
        assertThat(Redirects.location(redirect, request, listener)).isEqualTo(expected);
    }

    @Test
    void aRedirectIsAnsweredWithoutAnyApp() {
        router.route(RouterFixture.rule()
                .action(new Redirect(null, null, 0, PortFrom.SCHEME, new PathChange.Prefix("/old", "/new", true), 307))
                .response(new HeaderChanges(Map.of("x-by", "rule"), Map.of(), List.of()))
                .build());
        FakeServer client = router.get("/old/x?q");
        assertThat(client.status()).isEqualTo(307);
        assertThat(client.field("location")).isEqualTo("http://web.shop/new/x?q");
        assertThat(client.field("content-length")).isEqualTo("0");
        assertThat(client.field("x-by")).isEqualTo("rule");
        assertThat(client.ended).isTrue();
        assertThat(router.apps.calls).isEmpty();
    }

    @Test
    void aDirectResponseHasItsBodyAndForHeadOnlyItsLength() {
        router.route(RouterFixture.rule()
                .action(new DirectResponse(503, "closed".getBytes(StandardCharsets.UTF_8)))
                .build());
        FakeServer client = router.get("/");
        assertThat(client.status()).isEqualTo(503);
        assertThat(client.written).hasToString("closed");
        assertThat(client.field("content-length")).isEqualTo("6");
        FakeServer head = router.start("HEAD", "/", true);
        assertThat(head.field("content-length")).isEqualTo("6");
        assertThat(head.written).hasToString("");
        assertThat(head.ended).isTrue();
        assertThat(router.logged()).contains("\"response_code_details\":\"direct_response\"");
    }

    private static Cors cors(boolean credentials, boolean forward, StringMatch... origins) {
        return new Cors(
                List.of(origins),
                List.of("GET", "PUT"),
                List.of("x-one"),
                List.of("x-seen"),
                Duration.ofHours(1),
                credentials,
                forward);
    }

    private FakeServer preflight(String origin) {
        return router.start(
                "OPTIONS",
                "/",
                true,
                "origin",
                origin,
                "access-control-request-method",
                "PATCH",
                "access-control-request-headers",
                "x-asked, x-too");
    }

    @Test
    void aPreflightOfAnAllowedOriginIsAnsweredHere() {
        router.route(RouterFixture.rule()
                .cors(cors(false, true, new Exact(ORIGIN, false)))
                .build());
        FakeServer client = preflight(ORIGIN);
        assertThat(client.status()).isEqualTo(200);
        assertThat(client.field("access-control-allow-origin")).isEqualTo(ORIGIN);
        assertThat(client.field("access-control-allow-methods")).isEqualTo("GET, PUT");
        assertThat(client.field("access-control-allow-headers")).isEqualTo("x-one");
        assertThat(client.field("access-control-max-age")).isEqualTo("3600");
        assertThat(client.field("access-control-allow-credentials")).isNull();
        assertThat(client.field("access-control-expose-headers")).isEqualTo("x-seen");
        assertThat(client.field("vary")).isEqualTo("Origin");
        assertThat(router.apps.calls).isEmpty();
    }

    @ParameterizedTest(name = "forwarded: {0}")
    @CsvSource({"true", "false"})
    void aPreflightOfAForeignOriginIsForwardedOrGetsNoLeave(boolean forward) {
        router.route(RouterFixture.rule()
                .cors(cors(false, forward, new Suffix(".example", false)))
                .build());
        FakeServer client = preflight("https://evil.test");
        assertThat(router.apps.calls).hasSize(forward ? 1 : 0);
        if (!forward) {
            assertThat(client.status()).isEqualTo(200);
            assertThat(client.field("access-control-allow-origin")).isNull();
        }
    }

    @ParameterizedTest(name = "credentials {0}: origin {1}, methods {2}, fields {3}")
    @CsvSource(
            delimiter = '|',
            value = {"false|*|*|*", "true|https://shop.example|PATCH|x-asked, x-too"})
    void aStarIsSpelledOutWithCredentials(boolean credentials, String origin, String methods, String fields) {
        router.route(RouterFixture.rule()
                .cors(new Cors(List.of(new Present()), List.of("*"), List.of("*"), List.of(), null, credentials, true))
                .build());
        FakeServer client = preflight(ORIGIN);
        assertThat(client.field("access-control-allow-origin")).isEqualTo(origin);
        assertThat(client.field("access-control-allow-methods")).isEqualTo(methods);
        assertThat(client.field("access-control-allow-headers")).isEqualTo(fields);
        assertThat(client.field("access-control-allow-credentials")).isEqualTo(credentials ? "true" : null);
        assertThat(client.field("access-control-max-age")).isNull();
    }

    @Test
    void aResponseToAnAllowedOriginMaySeenAndAnotherNot() {
        router.route(RouterFixture.rule()
                .cors(cors(true, true, new Exact(ORIGIN, false)))
                .build());
        FakeServer allowed = router.get("/", "origin", ORIGIN);
        router.apps.last().answer(200, new Fields().add("access-control-allow-origin", "app"));
        assertThat(allowed.field("access-control-allow-origin")).isEqualTo(ORIGIN);
        assertThat(allowed.field("access-control-expose-headers")).isEqualTo("x-seen");
        assertThat(allowed.field("access-control-allow-credentials")).isEqualTo("true");
        FakeServer foreign = router.get("/", "origin", "https://evil.test");
        router.apps.last().answer(200);
        assertThat(foreign.field("access-control-allow-origin")).isNull();
    }

    @Test
    void errorsToldToGrpcClientsAreTrailersOnly() {
        router.apps.wait(true);
        FakeServer client = router.post("/pkg.Svc/M", "content-type", "application/grpc");
        router.apps.last().refuse(Unavailable.NO_ENDPOINT);
        assertThat(client.status()).isEqualTo(200);
        assertThat(client.field("content-type")).isEqualTo("application/grpc");
        assertThat(client.field("grpc-status")).isEqualTo("14");
        assertThat(client.field("grpc-message")).isEqualTo("no healthy upstream");
        assertThat(client.field("content-length")).isNull();
        assertThat(client.ended).isTrue();
        assertThat(router.logged()).contains("\"grpc_status\":\"14\"", "\"response_flags\":\"UH\"");
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "400,13", "401,16", "403,7", "404,12", "408,13", "413,13", "429,14", "431,13", "500,14", "502,14", "503,14",
        "504,4", "418,2"
    })
    void statusesOfOursAreMappedToGrpc(int http, int grpc) {
        assertThat(GrpcStatus.of(http)).isEqualTo(grpc);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "application/grpc,true",
        "application/grpc+proto,true",
        "application/grpc; charset=x,true",
        "Application/gRPC,true",
        "application/grpc-web,false",
        "application/grpcx,false",
        "application/json,false"
    })
    void grpcIsToldByItsContentType(String type, boolean grpc) {
        assertThat(GrpcStatus.isGrpc(new Fields().add("content-type", type))).isEqualTo(grpc);
    }

    @Test
    void anInvalidBackendIsUnavailableForGrpc() {
        router.route(RouterFixture.rule().to(new Backend.Invalid(500, "gone")).build());
        FakeServer client = router.post("/pkg.Svc/M", "content-type", "application/grpc");
        assertThat(client.field("grpc-status")).isEqualTo("14");
    }
}

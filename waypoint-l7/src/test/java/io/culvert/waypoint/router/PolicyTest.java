package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RequestPolicy.Attribute;
import io.culvert.core.route.RequestPolicy.Condition;
import io.culvert.core.route.RequestPolicy.Rule;
import io.culvert.core.route.StringMatch;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyTest {
    private final RouterFixture router = new RouterFixture();

    @AfterEach
    void close() {
        router.close();
    }

    private static Condition is(Attribute attribute, String value) {
        return new Condition(attribute, null, List.of(new StringMatch.Exact(value, false)), List.of());
    }

    private static Condition isNot(Attribute attribute, @Nullable String name, String value) {
        return new Condition(attribute, name, List.of(), List.of(new StringMatch.Exact(value, false)));
    }

    private static Condition header(String name, String value) {
        return new Condition(Attribute.HEADER, name, List.of(new StringMatch.Exact(value, false)), List.of());
    }

    private static RequestPolicy policy(String name, boolean deny, Condition... to) {
        return new RequestPolicy("shop/" + name, deny, List.of(new Rule(List.of(), List.of(List.of(to)), List.of())));
    }

    static Stream<Arguments> conditions() {
        return Stream.of(
                arguments(is(Attribute.SOURCE_PRINCIPAL, "cluster.local/ns/front/sa/shopper"), true),
                arguments(is(Attribute.SOURCE_PRINCIPAL, "cluster.local/ns/front/sa/shop"), false),
                arguments(is(Attribute.SOURCE_NAMESPACE, "front"), true),
                arguments(is(Attribute.SOURCE_NAMESPACE, "back"), false),
                arguments(is(Attribute.SOURCE_SERVICE_ACCOUNT, "front/shopper"), true),
                arguments(is(Attribute.SOURCE_TRUST_DOMAIN, "cluster.local"), true),
                arguments(is(Attribute.SOURCE_IP, "10.1.0.0/16"), true),
                arguments(is(Attribute.SOURCE_IP, "10.1.0.5"), true),
                arguments(is(Attribute.SOURCE_IP, "10.2.0.0/16"), false),
                arguments(isNot(Attribute.SOURCE_IP, null, "10.1.0.0/16"), false),
                arguments(is(Attribute.HOST, "web.shop"), true),
                arguments(is(Attribute.METHOD, "GET"), true),
                arguments(is(Attribute.PATH, "/cart"), true),
                arguments(is(Attribute.PATH, "/cart?x=1"), false),
                arguments(header("x-role", "admin,user"), true),
                arguments(header("x-none", ""), false),
                arguments(isNot(Attribute.HEADER, "x-none", "a"), true),
                arguments(isNot(Attribute.METHOD, null, "GET"), false),
                arguments(is(Attribute.DESTINATION_IP, "10.96.0.7"), true),
                arguments(is(Attribute.DESTINATION_PORT, "80"), true),
                arguments(is(Attribute.DESTINATION_PORT, "8080"), false));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("conditions")
    void aConditionLooksAtTheRequestAndItsClient(Condition condition, boolean holds) {
        router.policy(policy("p", true, condition));
        FakeServer client = router.get("/cart?x=1", "x-role", "admin", "x-role", "user");
        assertThat(client.status()).isEqualTo(holds ? 403 : 0);
        assertThat(router.apps.calls).hasSize(holds ? 0 : 1);
    }

    @Test
    void aRefusalNamesThePolicyInTheLogOnly() {
        router.policy(policy("no-get", true, is(Attribute.METHOD, "GET")));
        FakeServer client = router.get("/");
        assertThat(client.written).hasToString("RBAC: access denied");
        assertThat(router.logged()).contains("rbac_access_denied_matched_policy[shop/no-get]");
    }

    @Test
    void aDenyWinsOverAnAllow() {
        router.policy(policy("allow", false, is(Attribute.METHOD, "GET")));
        router.policy(policy("deny", true, is(Attribute.PATH, "/admin")));
        assertThat(router.get("/").status()).isZero();
        assertThat(router.get("/admin").status()).isEqualTo(403);
    }

    @Test
    void whereThereAreAllowsOneMustMatch() {
        router.policy(policy("one", false, is(Attribute.PATH, "/a")));
        router.policy(policy("two", false, is(Attribute.PATH, "/b")));
        assertThat(router.get("/b").status()).isZero();
        assertThat(router.get("/c").status()).isEqualTo(403);
    }

    @Test
    void anAllowWithoutRulesAllowsNothingAndADenyWithoutRulesDeniesNothing() {
        router.policy(new RequestPolicy("shop/deny", true, List.of()));
        assertThat(router.get("/").status()).isZero();
        router.policy(new RequestPolicy("shop/allow", false, List.of()));
        assertThat(router.get("/").status()).isEqualTo(403);
    }

    @Test
    void aRuleHoldsWhenOneOfEachOfItsListsHolds() {
        Rule rule = new Rule(
                List.of(
                        List.of(is(Attribute.SOURCE_NAMESPACE, "back")),
                        List.of(is(Attribute.SOURCE_NAMESPACE, "front"))),
                List.of(List.of(is(Attribute.METHOD, "GET"), is(Attribute.PATH, "/a"))),
                List.of(List.of(header("x-key", "1"))));
        router.policy(new RequestPolicy("shop/p", false, List.of(rule)));
        assertThat(router.get("/a", "x-key", "1").status()).isZero();
        assertThat(router.get("/a").status()).isEqualTo(403);
        assertThat(router.get("/b", "x-key", "1").status()).isEqualTo(403);
    }

    @Test
    void aGrpcClientIsToldPermissionDenied() {
        router.policy(policy("deny", true, is(Attribute.SOURCE_NAMESPACE, "front")));
        FakeServer client = router.post("/pkg.Svc/M", "content-type", "application/grpc");
        assertThat(client.status()).isEqualTo(200);
        assertThat(client.field("grpc-status")).isEqualTo("7");
    }

    @Test
    void aPolicySeesWhatTheAppWouldGetNotWhatTheClientClaims() {
        router.policy(policy("xfcc", false, header("x-forwarded-client-cert", "URI=spiffe://admin")));
        assertThat(router.get("/", "x-forwarded-client-cert", "URI=spiffe://admin")
                        .status())
                .isEqualTo(403);
    }
}

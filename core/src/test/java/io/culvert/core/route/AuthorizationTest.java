package io.culvert.core.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.Ip;
import io.culvert.core.route.RequestPolicy.Attribute;
import io.culvert.core.route.RequestPolicy.Condition;
import io.culvert.core.route.RequestPolicy.Rule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What requests show beyond their connection is held against policies in the router's PolicyTest. */
class AuthorizationTest {
    private static final Authorization.Caller CALLER = new Authorization.Caller(
            "cluster.local/ns/default/sa/shop",
            "default",
            "default/shop",
            "cluster.local",
            Ip.parse("10.1.2.3"),
            Ip.parse("10.96.0.7"),
            "5432");

    private static GetRequest get(String path) {
        return new GetRequest("web.shop", path, null);
    }

    private static RequestPolicy policy(String name, boolean deny, Condition... conditions) {
        return new RequestPolicy(
                "default/" + name, deny, List.of(new Rule(List.of(List.of(conditions)), List.of(), List.of())));
    }

    private static RequestPolicy policy(boolean deny, Condition... conditions) {
        return policy(deny ? "no" : "yes", deny, conditions);
    }

    private static Condition is(Attribute attribute, String text) {
        return new Condition(attribute, null, List.of(new StringMatch.Exact(text, false)), List.of());
    }

    private static Condition isNot(Attribute attribute, String text) {
        return new Condition(attribute, null, List.of(), List.of(new StringMatch.Exact(text, false)));
    }

    private static @Nullable String ofConnection(RequestPolicy... policies) {
        return Authorization.of(List.of(policies)).refusal(CALLER, null);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "SOURCE_PRINCIPAL, cluster.local/ns/default/sa/shop, true",
        "SOURCE_PRINCIPAL, cluster.local/ns/default/sa/sho, false",
        "SOURCE_NAMESPACE, default, true",
        "SOURCE_SERVICE_ACCOUNT, default/shop, true",
        "SOURCE_TRUST_DOMAIN, cluster.local, true",
        "SOURCE_IP, 10.1.0.0/16, true",
        "SOURCE_IP, 10.2.0.0/16, false",
        "SOURCE_IP, no address, false",
        "DESTINATION_IP, 10.96.0.7/32, true",
        "DESTINATION_PORT, 5432, true",
        "DESTINATION_PORT, 80, false"
    })
    void whatAConnectionShowsIsHeldAgainstEachAttribute(Attribute attribute, String text, boolean holds) {
        assertThat(ofConnection(policy(true, is(attribute, text)))).isEqualTo(holds ? "default/no" : null);
        assertThat(ofConnection(policy(true, isNot(attribute, text)))).isEqualTo(holds ? null : "default/no");
        assertThat(ofConnection(policy(false, is(attribute, text)))).isEqualTo(holds ? null : "");
    }

    @Test
    void whatACallerDoesNotHaveFulfilsNothingAndOffendsAgainstNothing() {
        Authorization.Caller stranger =
                new Authorization.Caller("cluster.local/x", null, null, "cluster.local", null, null, "80");
        for (Attribute attribute :
                List.of(Attribute.SOURCE_NAMESPACE, Attribute.SOURCE_SERVICE_ACCOUNT, Attribute.SOURCE_IP)) {
            assertThat(Authorization.of(List.of(policy(true, is(attribute, "10.0.0.0/8"))))
                            .refusal(stranger, null))
                    .isNull();
            assertThat(Authorization.of(List.of(policy(true, isNot(attribute, "10.0.0.0/8"))))
                            .refusal(stranger, null))
                    .isEqualTo("default/no");
        }
    }

    @Test
    void whatOnlyARequestShowsNeverOpensAConnection() {
        assertThat(ofConnection(policy(false, is(Attribute.METHOD, "GET")))).isEmpty();
        assertThat(ofConnection(policy(false, isNot(Attribute.PATH, "/admin")))).isEmpty();
        assertThat(ofConnection(policy(true, is(Attribute.METHOD, "GET")))).isEqualTo("default/no");
        assertThat(ofConnection(policy(true, is(Attribute.SOURCE_NAMESPACE, "other"), is(Attribute.METHOD, "GET"))))
                .isNull();
    }

    @Test
    void denyComesFirstAndOneAllowIsEnough() {
        RequestPolicy allow = policy(false, is(Attribute.SOURCE_NAMESPACE, "default"));
        RequestPolicy other = policy(false, is(Attribute.SOURCE_NAMESPACE, "other"));
        RequestPolicy deny = policy(true, is(Attribute.DESTINATION_PORT, "5432"));
        assertThat(ofConnection()).isNull();
        assertThat(ofConnection(other, allow)).isNull();
        assertThat(ofConnection(allow, deny)).isEqualTo("default/no");
        assertThat(ofConnection(new RequestPolicy("default/none", false, List.of())))
                .isEmpty();
    }

    @Test
    void withoutPoliciesThereIsNothingToAsk() {
        assertThat(Authorization.NONE.isEmpty()).isTrue();
        assertThat(new ServiceRoutes("default/web", Map.of(), List.of()).authorization())
                .isSameAs(Authorization.NONE);
        assertThat(Authorization.of(List.of(policy(true))).isEmpty()).isFalse();
    }

    @RepeatedTest(50)
    void theOrderInWhichPoliciesWereWrittenChangesNothing(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        List<RequestPolicy> policies = new ArrayList<>();
        for (int i = random.nextInt(6); i >= 0; i--) {
            policies.add(policy("p" + i, random.nextInt(3) == 0, is(Attribute.PATH, "/" + random.nextInt(4))));
        }
        GetRequest request = get("/1");
        boolean denied = policies.stream().anyMatch(policy -> policy.deny() && matches(policy, request));
        boolean allows = policies.stream().anyMatch(policy -> !policy.deny());
        boolean allowed = policies.stream().anyMatch(policy -> !policy.deny() && matches(policy, request));
        boolean refused = denied || (allows && !allowed);
        for (int i = 0; i < 5; i++) {
            Collections.shuffle(policies, random);
            assertThat(Authorization.of(policies).refusal(CALLER, request) != null)
                    .as("%s", policies)
                    .isEqualTo(refused);
        }
    }

    private static boolean matches(RequestPolicy policy, GetRequest request) {
        return policy.rules()
                .getFirst()
                .from()
                .getFirst()
                .getFirst()
                .values()
                .getFirst()
                .matches(request.path());
    }
}

package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RequestPolicy.Attribute;
import io.culvert.core.route.RequestPolicy.Condition;
import io.culvert.core.route.RequestPolicy.Rule;
import io.culvert.core.route.StringMatch;
import io.culvert.waypoint.Client;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionPoliciesTest {
    private static final Client CLIENT = new Client(
            TestCredentials.id("shop"),
            new InetSocketAddress(InetAddress.ofLiteral("10.1.2.3"), 40_000),
            Service.of("default", "db.default.svc.cluster.local", List.of(), PortMap.of(5432, 5432)),
            5432,
            new InetSocketAddress(InetAddress.ofLiteral("10.96.0.7"), 5432));

    private static RequestPolicy policy(boolean deny, Condition... conditions) {
        return new RequestPolicy(
                deny ? "default/no" : "default/yes",
                deny,
                List.of(new Rule(List.of(List.of(conditions)), List.of(), List.of())));
    }

    private static Condition is(Attribute attribute, String text) {
        return new Condition(attribute, null, List.of(new StringMatch.Exact(text, false)), List.of());
    }

    private static Condition isNot(Attribute attribute, String text) {
        return new Condition(attribute, null, List.of(), List.of(new StringMatch.Exact(text, false)));
    }

    private static @Nullable String denies(RequestPolicy... policies) {
        return ConnectionPolicies.denies(List.of(policies), CLIENT);
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
        "DESTINATION_IP, 10.96.0.7/32, true",
        "DESTINATION_PORT, 5432, true",
        "DESTINATION_PORT, 80, false"
    })
    void whatAConnectionShowsIsHeldAgainstEachAttribute(Attribute attribute, String text, boolean holds) {
        assertThat(denies(policy(true, is(attribute, text)))).isEqualTo(holds ? "default/no" : null);
        assertThat(denies(policy(true, isNot(attribute, text)))).isEqualTo(holds ? null : "default/no");
        assertThat(denies(policy(false, is(attribute, text)))).isEqualTo(holds ? null : "");
    }

    @Test
    void whatOnlyARequestShowsNeverOpensAConnection() {
        assertThat(denies(policy(false, is(Attribute.METHOD, "GET")))).isEmpty();
        assertThat(denies(policy(false, isNot(Attribute.PATH, "/admin")))).isEmpty();
        assertThat(denies(policy(true, is(Attribute.METHOD, "GET")))).isEqualTo("default/no");
        assertThat(denies(policy(true, is(Attribute.SOURCE_NAMESPACE, "other"), is(Attribute.METHOD, "GET"))))
                .isNull();
    }

    @Test
    void denyComesFirstAndOneAllowIsEnough() {
        RequestPolicy allow = policy(false, is(Attribute.SOURCE_NAMESPACE, "default"));
        RequestPolicy other = policy(false, is(Attribute.SOURCE_NAMESPACE, "other"));
        RequestPolicy deny = policy(true, is(Attribute.DESTINATION_PORT, "5432"));
        assertThat(denies()).isNull();
        assertThat(denies(other, allow)).isNull();
        assertThat(denies(allow, deny)).isEqualTo("default/no");
        assertThat(denies(new RequestPolicy("default/none", false, List.of()))).isEmpty();
    }
}

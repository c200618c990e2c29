package io.culvert.core.mesh;

import static io.culvert.core.mesh.Samples.pod;
import static io.culvert.core.mesh.Samples.update;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.TextFormat;
import com.google.protobuf.UnknownFieldSet;
import io.culvert.identity.SpiffeId;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Address;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.StringMatch;
import io.culvert.proto.workload.Extension;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PolicyTest {
    private static final SpiffeId ALICE = Samples.id("team", "alice");
    private final MeshStore store = new MeshStore();

    private static PolicyContext from(@Nullable SpiffeId source) {
        return new PolicyContext(source, Ip.parse("10.1.2.3"), Ip.parse("10.9.0.1"), 8080);
    }

    private static Authorization parse(String name, String text) {
        try {
            return TextFormat.parse("name: '" + name + "' namespace: 'a' " + text, Authorization.class);
        } catch (TextFormat.ParseException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private static Policy policy(String name, String text) {
        return ResourceDecoder.policy("a/" + name, parse(name, text));
    }

    private static String match(String fields) {
        return "rules { clauses { matches { " + fields + " } } }";
    }

    private PolicyVerdict evaluate(Workload workload, PolicyContext context) {
        return store.current().policiesFor(workload).evaluate(context);
    }

    private static boolean matches(String rules, PolicyContext context) {
        Policy policy = policy("p", "action: DENY " + rules);
        assertThat(policy.faults()).isEmpty();
        return policy.matches(context);
    }

    @ParameterizedTest(name = "{0} matches alice: {1}, plaintext: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "namespaces { exact: 'team' }                                   | true  | false",
                "namespaces { exact: 'other' }                                  | false | false",
                "namespaces { exact: 'other' } namespaces { prefix: 'te' }      | true  | false",
                "namespaces { suffix: 'am' }                                    | true  | false",
                "namespaces { presence {} }                                     | true  | false",
                "not_namespaces { exact: 'team' }                               | false | true",
                "not_namespaces { exact: 'other' }                              | true  | true",
                "not_namespaces { exact: 'other' } not_namespaces { exact: 'team' } | false | true",
                "principals { exact: 'cluster.local/ns/team/sa/alice' }         | true  | false",
                "principals { exact: 'spiffe://cluster.local/ns/team/sa/alice' } | true | false",
                "principals { prefix: 'cluster.local/' }                        | true  | false",
                "principals { suffix: '/alice' }                                | true  | false",
                "principals { presence {} }                                     | true  | false",
                "not_principals { presence {} }                                 | false | true",
                "service_accounts { namespace: 'team' serviceAccount: 'alice' } | true  | false",
                "service_accounts { namespace: 'team' serviceAccount: 'bob' }   | false | false",
                "not_service_accounts { namespace: 'team' serviceAccount: 'alice' } | false | true",
                "source_ips { address: '\\012\\001\\000\\000' length: 16 }      | true  | true",
                "source_ips { address: '\\012\\002\\000\\000' length: 16 }      | false | false",
                "not_source_ips { address: '\\012\\001\\000\\000' length: 16 }  | false | false",
                "destination_ips { address: '\\012\\011\\000\\001' length: 32 } | true  | true",
                "destination_ports: 8080                                        | true  | true",
                "destination_ports: [ 80, 443 ]                                 | false | false",
                "not_destination_ports: 8080                                    | false | false",
                "not_destination_ports: 80                                      | true  | true",
                "namespaces { exact: 'team' } destination_ports: 80             | false | false",
                "namespaces { exact: 'team' } destination_ports: 8080           | true  | false"
            })
    void fieldsMatch(String fields, boolean alice, boolean plaintext) {
        assertThat(matches(match(fields), from(ALICE))).isEqualTo(alice);
        assertThat(matches(match(fields), from(null))).isEqualTo(plaintext);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "                                                              | false",
                "rules {}                                                      | true",
                "rules { clauses {} }                                          | true",
                "rules { clauses { matches { destination_ports: 1 } matches { destination_ports: 8080 } } } | true",
                "rules { clauses { matches { destination_ports: 1 } } clauses { matches { destination_ports: 8080 } } }"
                        + " | false",
                "rules { clauses { matches { destination_ports: 1 } } } rules { clauses {} } | true"
            })
    void rulesAreAlternativesOfClausesThatAllHold(@Nullable String rules, boolean expected) {
        assertThat(matches(rules == null ? "" : rules, from(ALICE))).isEqualTo(expected);
    }

    @Test
    void anEmptyMatchNeverAllows() {
        assertThat(policy("p", "action: ALLOW " + match("")).matches(from(ALICE)))
                .isFalse();
    }

    @Test
    void anEmptyMatchDeniesAndSaysSo() {
        Policy policy = policy("p", "action: DENY " + match(""));
        assertThat(policy.matches(from(ALICE))).isTrue();
        assertThat(policy.faults()).singleElement().asString().startsWith("rules[0].clauses[0].matches[0]");
    }

    @ParameterizedTest(name = "deny matches: {0}, allow policy there: {1}, it matches: {2} -> {3} by {4}")
    @CsvSource({
        "false, false, false, NO_ALLOW_POLICY,",
        "false, true, true, ALLOWED_BY, a/allow",
        "false, true, false, NOT_ALLOWED_BY_ANY,",
        "true, true, true, DENIED_BY, a/deny",
        "true, false, false, DENIED_BY, a/deny"
    })
    void denyComesBeforeAllow(
            boolean deny, boolean allow, boolean matches, PolicyVerdict.Reason reason, @Nullable String by) {
        Workload workload = pod("a", "x", "10.9.0.1").build();
        store.apply(update(policy("deny", "scope: NAMESPACE action: DENY " + (deny ? "rules {}" : ""))));
        if (allow) {
            store.apply(update(policy("allow", "scope: NAMESPACE action: ALLOW " + (matches ? "rules {}" : ""))));
        }
        PolicyVerdict verdict = evaluate(workload, from(ALICE));
        assertThat(verdict.reason()).isEqualTo(reason);
        assertThat(verdict.policy()).isEqualTo(by);
        assertThat(verdict.allowed())
                .isEqualTo(reason == PolicyVerdict.Reason.NO_ALLOW_POLICY || reason == PolicyVerdict.Reason.ALLOWED_BY);
        assertThat(verdict.detail()).isNotEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(
            value = Scope.class,
            names = {"GLOBAL", "NAMESPACE", "WORKLOAD_SELECTOR"})
    void scopesSelect(Scope scope) {
        store.apply(update(policy("p", "scope: " + scope + " action: DENY rules {}")));
        Workload same = pod("a", "same", "10.9.0.1").build();
        Workload other = pod("b", "other", "10.9.0.2").build();
        Workload named =
                pod("b", "named", "10.9.0.3").authorizationPolicy("a/p").build();
        assertThat(evaluate(same, from(ALICE)).allowed()).isEqualTo(scope == Scope.WORKLOAD_SELECTOR);
        assertThat(evaluate(other, from(ALICE)).allowed()).isEqualTo(scope != Scope.GLOBAL);
        assertThat(evaluate(named, from(ALICE)).allowed()).isFalse();
    }

    @Test
    void dryRunIsReportedAndNotEnforced() {
        store.apply(update(
                policy("watch-deny", "scope: GLOBAL action: DENY dry_run: true rules {}"),
                policy("watch-allow", "scope: GLOBAL action: ALLOW dry_run: true rules {}"),
                policy("watch-none", "scope: GLOBAL action: ALLOW dry_run: true")));
        PolicyVerdict verdict = evaluate(pod("a", "x", "10.9.0.1").build(), from(null));
        assertThat(verdict.reason()).isEqualTo(PolicyVerdict.Reason.NO_ALLOW_POLICY);
        assertThat(verdict.dryRun()).containsExactly("a/watch-deny", "a/watch-allow");
    }

    @Test
    void aPolicyThatNobodyHasDeniesAndIsNamed() {
        Workload workload =
                pod("a", "x", "10.9.0.1").authorizationPolicy("a/late").build();
        PolicyVerdict verdict = evaluate(workload, from(ALICE));
        assertThat(verdict.allowed()).isFalse();
        assertThat(verdict.policy()).isEqualTo("a/late");
        assertThat(verdict.detail()).contains("a/late").contains("has not sent it");
        store.apply(update(policy("late", "scope: WORKLOAD_SELECTOR action: ALLOW rules {}")));
        assertThat(evaluate(workload, from(ALICE)).allowed()).isTrue();
    }

    @ParameterizedTest(name = "what {0} cannot understand closes")
    @EnumSource(
            value = Action.class,
            names = {"ALLOW", "DENY"})
    void whatIsNotUnderstoodCloses(Action action) {
        UnknownFieldSet strange = UnknownFieldSet.newBuilder()
                .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        Match port = Match.newBuilder().addDestinationPorts(8080).build();
        Address badIp = Address.newBuilder()
                .setAddress(ByteString.copyFrom(new byte[] {1, 2, 3}))
                .setLength(24)
                .build();
        Address badLength = Address.newBuilder()
                .setAddress(ByteString.copyFrom(new byte[] {10, 1, 2, 3}))
                .setLength(33)
                .build();
        List<Match> matches = List.of(
                Match.newBuilder().addSourceIps(badIp).build(),
                Match.newBuilder().addNotSourceIps(badIp).build(),
                Match.newBuilder().addDestinationIps(badLength).build(),
                port.toBuilder().setUnknownFields(strange).build(),
                port.toBuilder()
                        .addExtensions(Extension.newBuilder().setName("x"))
                        .build(),
                Match.newBuilder()
                        .addPrincipals(StringMatch.getDefaultInstance())
                        .build(),
                Match.newBuilder()
                        .addNotPrincipals(StringMatch.newBuilder().setPrefix(""))
                        .build(),
                Match.newBuilder().addDestinationPorts(99999).build(),
                Match.newBuilder()
                        .addNotNamespaces(StringMatch.getDefaultInstance())
                        .addNamespaces(StringMatch.newBuilder().setPresence(Empty.getDefaultInstance()))
                        .build());
        for (Match match : matches) {
            Authorization authorization = Authorization.newBuilder()
                    .setName("p")
                    .setNamespace("a")
                    .setAction(action)
                    .addRules(Rule.newBuilder()
                            .addClauses(Clause.newBuilder().addMatches(match).build()))
                    .build();
            Policy policy = ResourceDecoder.policy("a/p", authorization);
            assertThat(policy.matches(from(ALICE))).as("%s", match).isEqualTo(action == Action.DENY);
            assertThat(policy.faults()).as("%s", match).hasSize(1);
        }
    }

    @Test
    void anUnknownActionOrScopeDeniesItsNamespace() {
        store.apply(update(ResourceDecoder.policy(
                "a/p",
                Authorization.newBuilder()
                        .setName("p")
                        .setNamespace("a")
                        .setActionValue(7)
                        .setScopeValue(9)
                        .build())));
        assertThat(evaluate(pod("a", "x", "10.9.0.1").build(), from(ALICE)).allowed())
                .isFalse();
        assertThat(evaluate(pod("b", "x", "10.9.0.1").build(), from(ALICE)).allowed())
                .isTrue();
        store.apply(update(ResourceDecoder.unreadablePolicy("b/broken", "not a protobuf message")));
        assertThat(evaluate(pod("b", "x", "10.9.0.1").build(), from(ALICE)).allowed())
                .isFalse();
    }

    @Test
    void aDeltaTellsWhoseConnectionsToCheckAgain() {
        Workload a = pod("a", "x", "10.9.0.1").build();
        Workload named = pod("b", "y", "10.9.0.2").authorizationPolicy("a/sel").build();
        Workload other = pod("c", "z", "10.9.0.3").build();
        store.apply(update(a, named, other));
        MeshDelta namespace = store.apply(update(policy("ns", "scope: NAMESPACE action: DENY")));
        assertThat(List.of(
                        namespace.touchesPoliciesOf(a),
                        namespace.touchesPoliciesOf(named),
                        namespace.touchesPoliciesOf(other)))
                .containsExactly(true, false, false);
        MeshDelta selector = store.apply(update(policy("sel", "scope: WORKLOAD_SELECTOR action: DENY")));
        assertThat(List.of(
                        selector.touchesPoliciesOf(a),
                        selector.touchesPoliciesOf(named),
                        selector.touchesPoliciesOf(other)))
                .containsExactly(false, true, false);
        MeshDelta global = store.apply(update(policy("all", "scope: GLOBAL action: DENY")));
        assertThat(global.touchesPoliciesOf(other)).isTrue();
        MeshDelta moved = store.apply(update(policy("all", "scope: NAMESPACE action: DENY")));
        assertThat(moved.globalPolicies()).isTrue();
        assertThat(moved.policyNamespaces()).containsExactly("a");
        assertThat(store.apply(update(policy("all", "scope: NAMESPACE action: DENY")))
                        .isEmpty())
                .isTrue();
    }
}

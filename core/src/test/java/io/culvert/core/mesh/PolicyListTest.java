package io.culvert.core.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.identity.SpiffeId;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.ServiceAccountMatch;
import io.culvert.proto.security.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The index of a long list of policies against asking each of them. */
class PolicyListTest {
    private static final Ip SOME = Ip.parse("10.0.0.1");
    private final long seed = Long.getLong("culvert.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private static @Nullable SpiffeId id(int ns, int account) {
        return ns == 0 ? null : SpiffeId.parse("spiffe://cluster.local/ns/n" + ns + "/sa/s" + account);
    }

    private StringMatch text(String exact) {
        StringMatch.Builder match = StringMatch.newBuilder();
        return switch (random.nextInt(12)) {
            case 0 -> match.setPrefix(exact.substring(0, exact.length() - 1)).build();
            case 1 -> match.setSuffix(exact.substring(exact.length() - 1)).build();
            default -> match.setExact(exact).build();
        };
    }

    private Match match() {
        Match.Builder match = Match.newBuilder();
        int ns = 1 + random.nextInt(5);
        int sa = random.nextInt(5);
        switch (random.nextInt(8)) {
            case 0, 1, 2 ->
                match.addPrincipals(text("cluster.local/ns/n" + ns + "/sa/s" + sa))
                        .addPrincipals(text("spiffe://cluster.local/ns/n" + sa + "/sa/s" + ns));
            case 3, 4 -> match.addNamespaces(text("n" + ns));
            case 5 ->
                match.addServiceAccounts(
                        ServiceAccountMatch.newBuilder().setNamespace("n" + ns).setServiceAccount("s" + sa));
            case 6 -> match.addNotPrincipals(text("cluster.local/ns/n" + ns + "/sa/s" + sa));
            default -> {}
        }
        if (random.nextInt(3) == 0) {
            match.addDestinationPorts(80 + random.nextInt(3));
        }
        return match.build();
    }

    private Policy policy(int number) {
        Authorization.Builder source = Authorization.newBuilder()
                .setName("p" + number)
                .setNamespace("a")
                .setScope(Scope.NAMESPACE)
                .setActionValue(random.nextInt(2));
        for (int r = random.nextInt(3); r > 0; r--) {
            Rule.Builder rule = Rule.newBuilder();
            // Few rules without a clause: they match everybody.
            for (int c = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(2); c > 0; c--) {
                Clause.Builder clause = Clause.newBuilder();
                for (int m = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(2); m > 0; m--) {
                    clause.addMatches(match());
                }
                rule.addClauses(clause);
            }
            source.addRules(rule);
        }
        return ResourceDecoder.policy("a/p" + number, source.build());
    }

    @Test
    void anIndexedListFindsTheVeryPolicyThatAskingEachFinds() {
        System.err.println("seed " + seed + " (repeat with -Dculvert.seed=" + seed + ")");
        int found = 0;
        for (int round = 0; round < 300; round++) {
            List<Policy> policies = new ArrayList<>();
            for (int i = 0; i < 16 + random.nextInt(30); i++) {
                Policy policy = policy(i);
                // Else nearly every list begins with one that matches nearly everybody.
                if (policy.keys() != null || random.nextInt(8) == 0) {
                    policies.add(policy);
                }
            }
            PolicyList indexed = new PolicyList(policies, true);
            PolicyList plain = new PolicyList(policies, false);
            for (int ns = 0; ns <= 5; ns++) {
                for (int account = 0; account <= 5; account++) {
                    PolicyContext connection = new PolicyContext(id(ns, account), SOME, SOME, 80 + random.nextInt(3));
                    Policy expected = plain.first(connection);
                    assertThat(indexed.first(connection)).as("%s", connection).isSameAs(expected);
                    found += expected == null ? 0 : 1;
                }
            }
        }
        assertThat(found).as("matches, else the test tells nothing").isBetween(300, 300 * 36 - 300);
    }

    @Test
    void onlyWhatNamesEverybodyItCanMatchHasKeys() {
        Match principal = Match.newBuilder()
                .addPrincipals(StringMatch.newBuilder().setExact("spiffe://d/ns/a/sa/b"))
                .build();
        Match port = Match.newBuilder().addDestinationPorts(80).build();
        assertThat(keys(clause(principal), clause(port)).principals()).containsExactly("d/ns/a/sa/b");
        assertThat(PolicyKeys.of(source(clause(principal, port))))
                .as("either will do")
                .isNull();
        assertThat(PolicyKeys.of(source())).as("a rule without clauses").isNull();
    }

    private static PolicyKeys keys(Clause... clauses) {
        return java.util.Objects.requireNonNull(PolicyKeys.of(source(clauses)));
    }

    private static Clause clause(Match... matches) {
        return Clause.newBuilder().addAllMatches(List.of(matches)).build();
    }

    private static Authorization source(Clause... clauses) {
        return Authorization.newBuilder()
                .addRules(Rule.newBuilder().addAllClauses(List.of(clauses)))
                .build();
    }
}

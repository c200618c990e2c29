package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthorizationPolicyTest {
    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, namespace: shop, labels: {app: web}}
            spec: {nodeName: n1, serviceAccountName: web}
            """;

    static String policy(String namespace, String name, String spec) {
        return """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata:
                  name: %s
                  namespace: %s
                spec:
                  %s
                """.formatted(name, namespace, spec.strip().replace("\n", "\n  "));
    }

    private static TestMesh mesh(String spec) {
        return new TestMesh().put("pod.yaml", POD).put("p.yaml", policy("shop", "p", spec));
    }

    private static Match match(String text) {
        try {
            return TextFormat.parse(text, Match.class);
        } catch (TextFormat.ParseException e) {
            throw new AssertionError(e);
        }
    }

    private static Rule rule(Match... clauses) {
        Rule.Builder rule = Rule.newBuilder();
        for (Match match : clauses) {
            rule.addClauses(Clause.newBuilder().addMatches(match));
        }
        return rule.build();
    }

    @Test
    void theScopeIsTheMeshTheNamespaceOrTheSelectedWorkloads() {
        TestMesh mesh = new TestMesh()
                .put("pod.yaml", POD)
                .put("mesh.yaml", policy("istio-system", "all", "action: DENY\nrules: [{}]"))
                .put("ns.yaml", policy("shop", "ns", "{}"))
                .put("web.yaml", policy("shop", "web", "selector: {matchLabels: {app: web}}\nrules: [{}]"))
                .put("root.yaml", policy("istio-system", "web", "selector: {matchLabels: {app: web}}"))
                .put("db.yaml", policy("shop", "db", "selector: {matchLabels: {app: db}}"));
        assertThat(mesh.authorization("istio-system/all").getScope()).isEqualTo(Scope.GLOBAL);
        assertThat(mesh.authorization("istio-system/all").getAction()).isEqualTo(Action.DENY);
        assertThat(mesh.authorization("shop/ns").getScope()).isEqualTo(Scope.NAMESPACE);
        assertThat(mesh.authorization("shop/ns").getAction()).isEqualTo(Action.ALLOW);
        assertThat(mesh.authorization("shop/ns").getRulesList())
                .as("allows nothing")
                .isEmpty();
        assertThat(mesh.authorization("shop/web").getScope()).isEqualTo(Scope.WORKLOAD_SELECTOR);
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList())
                .containsExactly("istio-system/web", "shop/web");
        mesh.remove("web.yaml");
        assertThat(mesh.authorizations).doesNotContainKey("shop/web");
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList()).containsExactly("istio-system/web");
    }

    @Test
    void everyFieldOfAConnectionIsMatched() {
        Authorization compiled = mesh("""
                        action: ALLOW
                        rules:
                        - from:
                          - source:
                              principals: ["cluster.local/ns/shop/sa/web", "cluster.local/*", "*/sa/web", "*"]
                              notPrincipals: ["cluster.local/ns/shop/sa/bad"]
                              namespaces: ["shop", "sh*", "*op", "*"]
                              notNamespaces: ["bad"]
                              ipBlocks: ["10.0.0.0/8", "192.168.1.1", "fd00::/8"]
                              notIpBlocks: ["10.1.0.0/16"]
                          - source: {serviceAccounts: ["web", "bank/api"], notServiceAccounts: ["bank/x"]}
                          to:
                          - operation: {ports: ["80", "443"], notPorts: ["81"]}
                          when:
                          - {key: source.ip, values: ["10.0.0.1"], notValues: ["10.0.0.2"]}
                          - {key: source.namespace, values: [shop]}
                          - {key: source.principal, notValues: ["*"]}
                          - {key: source.serviceAccount, values: [shop/web]}
                          - {key: destination.ip, values: ["10.0.0.9/32"]}
                          - {key: destination.port, values: ["8080"]}
                        """).authorization("shop/p");
        Match source = match("""
                principals {exact: "cluster.local/ns/shop/sa/web"} principals {prefix: "cluster.local/"}
                principals {suffix: "/sa/web"} principals {presence {}}
                not_principals {exact: "cluster.local/ns/shop/sa/bad"}
                namespaces {exact: "shop"} namespaces {prefix: "sh"} namespaces {suffix: "op"} namespaces {presence {}}
                not_namespaces {exact: "bad"}
                source_ips {address: "\\n\\0\\0\\0" length: 8} source_ips {address: "\\300\\250\\001\\001" length: 32}
                source_ips {address: "\\375\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0" length: 8}
                not_source_ips {address: "\\n\\001\\0\\0" length: 16}
                """);
        Match accounts = match("""
                service_accounts {namespace: "shop" serviceAccount: "web"}
                service_accounts {namespace: "bank" serviceAccount: "api"}
                not_service_accounts {namespace: "bank" serviceAccount: "x"}
                """);
        Rule rule = compiled.getRules(0);
        assertThat(compiled.getRulesCount()).isEqualTo(1);
        assertThat(rule.getClauses(0).getMatchesList())
                .containsExactly(match("destination_ports: [80, 443] not_destination_ports: 81"));
        assertThat(rule.getClauses(1).getMatchesList()).containsExactly(source, accounts);
        assertThat(rule.getClausesList().subList(2, 8))
                .isEqualTo(rule(
                                match("source_ips {address: \"\\n\\0\\0\\001\" length: 32}"
                                        + " not_source_ips {address: \"\\n\\0\\0\\002\" length: 32}"),
                                match("namespaces {exact: \"shop\"}"),
                                match("not_principals {presence {}}"),
                                match("service_accounts {namespace: \"shop\" serviceAccount: \"web\"}"),
                                match("destination_ips {address: \"\\n\\0\\0\\t\" length: 32}"),
                                match("destination_ports: 8080"))
                        .getClausesList());
    }

    @Test
    void anAllowRuleThatNeedsARequestAllowsNothing() {
        TestMesh mesh = mesh("""
                rules:
                - to:
                  - operation: {methods: [GET], ports: ["80"]}
                  - operation: {ports: ["81"]}
                - from: [{source: {requestPrincipals: ["*"]}}]
                - from: [{source: {remoteIpBlocks: ["10.0.0.0/8"]}}]
                - when: [{key: "request.headers[x]", values: [y]}]
                - to: [{operation: {ports: ["82"]}}]
                """);
        assertThat(mesh.authorization("shop/p").getRulesList()).containsExactly(rule(match("destination_ports: 82")));
        String consequence = ": needs a waypoint, and there is none: this rule allows nothing";
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:9: warning: AuthorizationPolicy shop/p: spec.rules[0].to[0].operation.methods"
                                + consequence,
                        "p.yaml:11: warning: AuthorizationPolicy shop/p: spec.rules[1].from[0].source.requestPrincipals"
                                + consequence,
                        "p.yaml:12: warning: AuthorizationPolicy shop/p: spec.rules[2].from[0].source.remoteIpBlocks"
                                + consequence,
                        "p.yaml:13: warning: AuthorizationPolicy shop/p: spec.rules[3].when[0].key" + consequence);
    }

    @Test
    void aDenyRuleThatNeedsARequestIsEnforcedOnTheRest() {
        TestMesh mesh = mesh("""
                action: DENY
                rules:
                - to: [{operation: {paths: [/admin], ports: ["80"]}}]
                - to: [{operation: {paths: [/admin]}}, {operation: {ports: ["81"]}}]
                  from: [{source: {namespaces: [shop]}}]
                - to: [{operation: {hosts: [x]}}]
                - when: [{key: "request.auth.claims[a]", values: [y]}, {key: destination.port, values: ["82"]}]
                """);
        assertThat(mesh.authorization("shop/p").getRulesList())
                .containsExactly(
                        rule(match("destination_ports: 80")),
                        rule(match("namespaces {exact: \"shop\"}")),
                        rule(),
                        rule(match("destination_ports: 82")));
        assertThat(mesh.messages())
                .contains("p.yaml:9: warning: AuthorizationPolicy shop/p: "
                        + "spec.rules[0].to[0].operation.paths: needs a waypoint, and there is none: the rule is enforced without "
                        + "it, so it denies more than it says");
    }

    @Test
    void aDryRunIsMarked() {
        String text = policy("shop", "p", "rules: [{}]")
                .replace("spec:", "  annotations: {istio.io/dry-run: \"true\"}\nspec:");
        TestMesh mesh = new TestMesh().put("pod.yaml", POD).put("p.yaml", text);
        assertThat(mesh.authorization("shop/p").getDryRun()).isTrue();
        mesh.put("p.yaml", text.replace("\"true\"", "\"yes\""));
        assertThat(mesh.authorization("shop/p").getDryRun()).isFalse();
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:6: error: AuthorizationPolicy shop/p: "
                                + "metadata.annotations[istio.io/dry-run]: \"yes\" is neither true nor false: the policy is enforced");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "action: AUDIT|warning: spec.action: AUDIT is not supported: the policy has no effect|",
                "action: DENY|warning: spec.rules: DENY without rules denies nothing: add a rule|DENY",
                "{action: CUSTOM, provider: {name: x}, rules: [{}]}|error: spec.action: CUSTOM is not supported: what its rules match is denied, as nobody can be asked|DENY",
            })
    void whatAgentsCannotDoIsSaid(String spec, String message, Action action) {
        TestMesh mesh = mesh(spec);
        String[] parts = message.split(": ", 2);
        assertThat(mesh.messages())
                .containsExactly("p.yaml:1: " + parts[0] + ": AuthorizationPolicy shop/p: " + parts[1]);
        if (action == null) {
            assertThat(mesh.authorizations).doesNotContainKey("shop/p");
        } else {
            assertThat(mesh.authorization("shop/p").getAction()).isEqualTo(action);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "action: DENNY|7: error: spec.action: \"DENNY\" is not one of ALLOW, DENY, AUDIT, CUSTOM; did you mean `DENY`?",
                "rules: {}|7: error: spec.rules: must be a list, is a mapping",
                "rules: [{form: []}]|7: warning: spec.rules[0].form: unknown field, ignored; did you mean `from`?",
                "rules: [{from: []}]|7: error: spec.rules[0].from: is empty, which would match everything: fill it, or remove it if that is meant",
                "rules: [{from: [{source: {}}]}]|7: error: spec.rules[0].from[0].source: is empty, which would match every source: name a field, or remove it",
                "rules: [{from: [{source: {namespaces: []}}]}]|7: error: spec.rules[0].from[0].source.namespaces: is empty, which would match everything: fill it, or remove it if that is meant",
                "rules: [{from: [{}]}]|7: error: spec.rules[0].from[0].source: is missing",
                "rules: [{from: [{source: {principals: ['a*b']}}]}]|7: error: spec.rules[0].from[0].source.principals[0]: \"a*b\" is no SPIFFE name: use <trust domain>/ns/<namespace>/sa/<service account>, with * at its begin or end only",
                "rules: [{from: [{source: {principals: ['web']}}]}]|7: error: spec.rules[0].from[0].source.principals[0]: \"web\" is no SPIFFE name: use <trust domain>/ns/<namespace>/sa/<service account>, with * at its begin or end only",
                "rules: [{from: [{source: {principals: ['spiffe://cluster.local/ns/shop/sa/web']}}]}]|7: warning: spec.rules[0].from[0].source.principals[0]: a principal is written without spiffe://; read as \"cluster.local/ns/shop/sa/web\"",
                "rules: [{from: [{source: {ipBlocks: ['10.0.0.0/33']}}]}]|7: error: spec.rules[0].from[0].source.ipBlocks[0]: \"10.0.0.0/33\" is no IP address or CIDR: use 10.0.0.0/8 or fd00::/8",
                "rules: [{from: [{source: {ipBlocks: ['10.0.0.1/8']}}]}]|7: warning: spec.rules[0].from[0].source.ipBlocks[0]: has bits after its length; read as 10.0.0.0/8",
                "rules: [{from: [{source: {serviceAccounts: ['w*']}}]}]|7: error: spec.rules[0].from[0].source.serviceAccounts[0]: \"w*\" is no service account: use <namespace>/<name> or <name>, no wildcards",
                "rules: [{to: [{operation: {ports: [80]}}]}]|7: error: spec.rules[0].to[0].operation.ports[0]: must be a string, is the number 80: put it in quotes",
                "rules: [{to: [{operation: {ports: ['65536']}}]}]|7: error: spec.rules[0].to[0].operation.ports[0]: \"65536\" is no port: use 1 to 65535",
                "rules: [{when: [{key: source.ips, values: ['10.0.0.1']}]}]|7: error: spec.rules[0].when[0].key: \"source.ips\" is no attribute that a condition can test; did you mean `source.ip`?",
                "rules: [{when: [{key: source.ip}]}]|7: error: spec.rules[0].when[0].values: is missing: give values or notValues",
                "selector: {matchLabels: {app: 1}}|7: error: spec.selector.matchLabels.app: must be a string, is the number 1: put it in quotes",
                "{targetRefs: [{kind: Service, name: w}], selector: {matchLabels: {app: web}}}|7: error: spec.selector: cannot stand beside targetRefs: remove one of them",
            })
    void faultsAreNamed(String spec, String message) {
        String[] parts = message.split(": ", 3);
        assertThat(mesh(spec).messages())
                .contains("p.yaml:" + parts[0] + ": " + parts[1] + ": AuthorizationPolicy shop/p: " + parts[2]);
    }

    @Test
    void namesOfWhatIsNotThereAreWarnedOf() {
        TestMesh mesh = mesh("""
                rules:
                - from:
                  - source: {namespaces: [shpo]}
                  - source: {principals: [cluster.local/ns/shop/sa/wob, cluster.local/ns/shop/sa/web]}
                  - source: {serviceAccounts: [default, bank/x]}
                  - source: {principals: [other.org/ns/shop/sa/web]}
                """);
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:9: warning: AuthorizationPolicy shop/p: spec.rules[0].from[0].source.namespaces[0]: there is "
                                + "no namespace shpo: this matches nobody; did you mean `shop`?",
                        "p.yaml:10: warning: AuthorizationPolicy shop/p: spec.rules[0].from[1].source.principals[0]: there "
                                + "is no service account wob in namespace shop: this matches nobody; did you mean `shop/web`?",
                        "p.yaml:11: warning: AuthorizationPolicy shop/p: spec.rules[0].from[2].source.serviceAccounts[1]: "
                                + "there is no namespace bank: this matches nobody",
                        "p.yaml:12: warning: AuthorizationPolicy shop/p: spec.rules[0].from[3].source.principals[0]: trust "
                                + "domain other.org is not this mesh's (cluster.local): this matches nobody");
        mesh.put("bank.yaml", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: x, namespace: bank}}");
        assertThat(mesh.messages()).hasSize(3).noneMatch(message -> message.contains("bank"));
    }

    @Test
    void arefusedOneThatWasNeverGoodDeniesItsScope() {
        String spec = "selector: {matchLabels: {app: web}}\nrules: [{to: [{operation: {ports: [80]}}]}]";
        TestMesh mesh = mesh(spec);
        Authorization closed = mesh.authorization("shop/p");
        assertThat(closed.getAction()).isEqualTo(Action.DENY);
        assertThat(closed.getScope()).isEqualTo(Scope.WORKLOAD_SELECTOR);
        assertThat(closed.getRulesList()).containsExactly(rule());
        assertThat(mesh.workload("shop/web").getAuthorizationPoliciesList()).containsExactly("shop/p");
        mesh = mesh(spec.replace("app: web", "app: 1"));
        assertThat(mesh.authorization("shop/p").getScope())
                .as("selector cannot be read")
                .isEqualTo(Scope.NAMESPACE);
        TestMesh root = new TestMesh().put("p.yaml", policy("istio-system", "p", "action: NO"));
        assertThat(root.authorization("istio-system/p").getScope()).isEqualTo(Scope.GLOBAL);
        assertThat(root.messages())
                .contains("p.yaml:1: error: AuthorizationPolicy istio-system/p: refused: there is no "
                        + "earlier good version, so the whole mesh (istio-system is the root namespace) is denied all traffic "
                        + "until the errors are corrected");
    }

    @Test
    void aChangeOfRulesDoesNotTouchWorkloads() {
        TestMesh mesh = mesh("selector: {matchLabels: {app: web}}\nrules: [{}]");
        mesh.put("p.yaml", policy("shop", "p", "selector: {matchLabels: {app: web}}\nrules: []"));
        assertThat(mesh.last.authorizations()).containsOnlyKeys("shop/p");
        assertThat(mesh.last.addresses()).isEmpty();
        assertThat(mesh.compiler.counters().podsCompiled).isEqualTo(2);
        assertThat(List.copyOf(mesh.last.removedAddresses())).isEmpty();
    }
}

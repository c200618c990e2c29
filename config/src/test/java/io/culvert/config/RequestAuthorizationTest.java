package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RequestPolicy.Attribute;
import io.culvert.core.route.RequestPolicy.Condition;
import io.culvert.core.route.StringMatch;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** AuthorizationPolicies with targetRefs. */
@SuppressWarnings("NullAway") // what is missing fails the test
class RequestAuthorizationTest {
    private static final String REVIEWS = "targetRefs: [{group: '', kind: Service, name: reviews}]";
    private static final String GATEWAY =
            "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: wp}, spec: {gatewayClassName: culvert-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}";

    private static String policy(String path, String spec) {
        String[] parts = path.split("/", -1);
        return "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: " + parts[1]
                + ", namespace: " + parts[0] + "}, spec: {" + spec + "}}";
    }

    private static IstioMesh mesh(String spec) {
        return new IstioMesh(IstioMesh.SERVICES).put("p.yaml", policy("default/p", REVIEWS + ", " + spec));
    }

    private static RequestPolicy only(IstioMesh mesh) {
        assertThat(mesh.service("reviews").policies()).hasSize(1);
        return mesh.service("reviews").policies().getFirst();
    }

    private static StringMatch exact(String text) {
        return new StringMatch.Exact(text, false);
    }

    @Test
    void sourcesAreHeldAgainstTheClient() {
        IstioMesh mesh = mesh(
                "rules: [{from: [{source: {principals: ['cluster.local/ns/a/sa/b'], notNamespaces: ['x*'], ipBlocks: [10.0.0.0/8]}}, "
                        + "{source: {serviceAccounts: [web, other/api]}}, {source: {trustDomains: ['*.example']}}]}]");
        assertThat(mesh.messages()).isEmpty();
        RequestPolicy policy = only(mesh);
        assertThat(policy.deny()).isFalse();
        assertThat(policy.key()).isEqualTo("default/p");
        assertThat(policy.rules().getFirst().from())
                .containsExactly(
                        List.of(
                                new Condition(
                                        Attribute.SOURCE_PRINCIPAL,
                                        null,
                                        List.of(exact("cluster.local/ns/a/sa/b")),
                                        List.of()),
                                new Condition(
                                        Attribute.SOURCE_NAMESPACE,
                                        null,
                                        List.of(),
                                        List.of(new StringMatch.Prefix("x", false))),
                                new Condition(Attribute.SOURCE_IP, null, List.of(exact("10.0.0.0/8")), List.of())),
                        List.of(new Condition(
                                Attribute.SOURCE_SERVICE_ACCOUNT,
                                null,
                                List.of(exact("default/web"), exact("other/api")),
                                List.of())),
                        List.of(new Condition(
                                Attribute.SOURCE_TRUST_DOMAIN,
                                null,
                                List.of(new StringMatch.Suffix(".example", false)),
                                List.of())));
    }

    @Test
    void operationsAreHeldAgainstTheRequest() {
        IstioMesh mesh = mesh(
                "action: DENY, rules: [{to: [{operation: {hosts: ['A.example', 'a.example:*'], methods: [GET], notPaths: ['/ok*', '*'], ports: ['80']}}]}]");
        assertThat(mesh.messages()).isEmpty();
        RequestPolicy policy = only(mesh);
        assertThat(policy.deny()).isTrue();
        assertThat(policy.rules().getFirst().to())
                .containsExactly(List.of(
                        new Condition(
                                Attribute.HOST,
                                null,
                                List.of(
                                        new StringMatch.Exact("A.example", true),
                                        new StringMatch.Prefix("a.example:", true)),
                                List.of()),
                        new Condition(Attribute.DESTINATION_PORT, null, List.of(exact("80")), List.of()),
                        new Condition(Attribute.METHOD, null, List.of(exact("GET")), List.of()),
                        new Condition(
                                Attribute.PATH,
                                null,
                                List.of(),
                                List.of(new StringMatch.Prefix("/ok", false), new StringMatch.Present()))));
    }

    @ParameterizedTest(name = "{0} on {1}: {2}")
    @CsvSource({
        "/a/{*}/c, /a/b/c, true",
        "/a/{*}/c, /a/b/x/c, false",
        "/a/{*}, /a/, false",
        "/a/{**}, /a/b/c, true",
        "/a/{**}/z, /a/b/c/z, true",
        "/a/{**}/z, /a/b/c, false",
        "/a.b/{*}, /axb/c, false",
        "*/end, /x/end, true",
    })
    void pathsMayHaveTemplates(String pattern, String path, boolean expected) {
        RequestPolicy policy = only(mesh("rules: [{to: [{operation: {paths: ['" + pattern + "']}}]}]"));
        StringMatch match =
                policy.rules().getFirst().to().getFirst().getFirst().values().getFirst();
        assertThat(match.matches(path)).isEqualTo(expected);
    }

    @Test
    void everyOneOfWhenMustHold() {
        IstioMesh mesh = mesh(
                "rules: [{when: [{key: 'request.headers[X-User]', values: [a]}, {key: source.namespace, notValues: [b]}, "
                        + "{key: destination.port, values: ['80']}, {key: destination.ip, values: [10.0.0.0/8]}, {key: source.trustDomain, values: [t]}]}]");
        assertThat(mesh.messages()).isEmpty();
        assertThat(only(mesh).rules().getFirst().when())
                .hasSize(1)
                .first()
                .satisfies(all -> assertThat(all)
                        .extracting(Condition::attribute)
                        .containsExactly(
                                Attribute.HEADER,
                                Attribute.SOURCE_NAMESPACE,
                                Attribute.DESTINATION_PORT,
                                Attribute.DESTINATION_IP,
                                Attribute.SOURCE_TRUST_DOMAIN))
                .satisfies(all -> assertThat(all.getFirst().name()).isEqualTo("x-user"));
    }

    @Test
    void emptyPoliciesAndEmptyRulesAreWhatIstioMakesOfThem() {
        assertThat(only(mesh("rules: []")).rules()).isEmpty();
        assertThat(only(mesh("rules: [{}]")).rules())
                .containsExactly(new RequestPolicy.Rule(List.of(), List.of(), List.of()));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "from: [{source: {requestPrincipals: ['*']}}]|from[0].source.requestPrincipals",
                "from: [{source: {notRemoteIpBlocks: [10.0.0.0/8]}}]|from[0].source.notRemoteIpBlocks",
                "when: [{key: 'request.auth.claims[a]', values: [b]}]|when[0].key",
                "when: [{key: remote.ip, values: [10.0.0.1]}]|when[0].key",
                "when: [{key: connection.sni, values: [a]}]|when[0].key",
            })
    void whatAWaypointCannotTellClosesAndIsSaid(String part, String field) {
        IstioMesh allow = mesh("rules: [{" + part + "}, {to: [{operation: {methods: [GET]}}]}]");
        assertThat(allow.messages())
                .containsExactly("p.yaml:1: error: AuthorizationPolicy default/p: spec.rules[0]." + field
                        + ": is not supported by waypoints yet: this rule allows nothing");
        assertThat(only(allow).rules())
                .hasSize(1)
                .first()
                .satisfies(rule -> assertThat(rule.to()).hasSize(1));
        IstioMesh deny = mesh("action: DENY, rules: [{" + part + ", to: [{operation: {methods: [GET]}}]}]");
        assertThat(deny.messages())
                .containsExactly(
                        "p.yaml:1: error: AuthorizationPolicy default/p: spec.rules[0]." + field
                                + ": is not supported by waypoints yet: the rule is enforced without it, so it denies more than it says");
        RequestPolicy.Rule rule = only(deny).rules().getFirst();
        assertThat(rule.from()).isEmpty();
        assertThat(rule.when()).isEmpty();
        assertThat(rule.to()).hasSize(1);
    }

    @Test
    void customDeniesWhatItMatches() {
        IstioMesh mesh = mesh("action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {methods: [GET]}}]}]");
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:1: error: AuthorizationPolicy default/p: spec.action: CUSTOM is not supported: what its rules match is denied, as nobody can be asked");
        assertThat(only(mesh).deny()).isTrue();
        assertThat(only(mesh).rules()).hasSize(1);
    }

    @Test
    void auditAndDryRunsDecideNothingAndSaySo() {
        IstioMesh audit = mesh("action: AUDIT, rules: [{}]");
        assertThat(audit.last.table().service(IstioMesh.key("reviews"))).isNull();
        assertThat(audit.messages())
                .containsExactly(
                        "p.yaml:1: warning: AuthorizationPolicy default/p: spec.action: AUDIT is not supported: the policy has no effect");
        IstioMesh dry = new IstioMesh(IstioMesh.SERVICES)
                .put(
                        "p.yaml",
                        policy("default/p", REVIEWS + ", action: DENY, rules: [{}]")
                                .replace("namespace:", "annotations: {istio.io/dry-run: 'true'}, namespace:"));
        assertThat(dry.last.table().service(IstioMesh.key("reviews"))).isNull();
        assertThat(dry.messages())
                .containsExactly(
                        "p.yaml:1: warning: AuthorizationPolicy default/p: metadata.annotations[istio.io/dry-run]: waypoints do not count what a dry run would deny: the policy has no effect");
    }

    @Test
    void aFaultyPolicyDeniesWhatItTargets() {
        IstioMesh mesh = mesh("action: DENNY");
        assertThat(mesh.messages())
                .contains(
                        "p.yaml:1: error: AuthorizationPolicy default/p: refused: there is no earlier good version, so waypoints deny all requests to what it targets until the errors are corrected");
        RequestPolicy policy = only(mesh);
        assertThat(policy.deny()).isTrue();
        assertThat(policy.rules()).containsExactly(new RequestPolicy.Rule(List.of(), List.of(), List.of()));
        assertThat(mesh.last.table().service(IstioMesh.key("payments"))).isNull();
    }

    @Test
    void aGatewayIsATargetForAllItsServices() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .put("wp.yaml", GATEWAY)
                .put(
                        "g.yaml",
                        policy(
                                "default/g",
                                "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: wp}], rules: [{}]"))
                .put(
                        "c.yaml",
                        policy(
                                "istio-system/c",
                                "targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: culvert-waypoint}], action: DENY, rules: [{}]"));
        assertThat(mesh.messages()).isEmpty();
        for (String service : List.of("reviews", "payments")) {
            assertThat(mesh.service(service).policies())
                    .extracting(RequestPolicy::key)
                    .containsExactlyInAnyOrder("default/g", "istio-system/c");
        }
        assertThat(mesh.last.table().service(IstioMesh.key("other/far"))).isNull();
        mesh.put("g.yaml", null).put("c.yaml", null);
        assertThat(mesh.last.table().service(IstioMesh.key("reviews"))).isNull();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{kind: Service, name: gone}|there is no Service default/gone: the policy is for nobody",
                "{kind: Service, name: reviews, namespace: other}|is in another namespace: a policy is for its own; put it into namespace other",
                "{group: networking.istio.io, kind: ServiceEntry, name: x}|kind ServiceEntry is no target: name a Service or a Gateway",
                "{group: gateway.networking.k8s.io, kind: Gateway, name: gone}|there is no Gateway default/gone: the policy is for nobody",
                "{group: gateway.networking.k8s.io, kind: GatewayClass, name: culvert-waypoint}|a GatewayClass is a target in the root namespace only: put it into istio-system",
            })
    void targetsThatAreNoneAreSaid(String target, String message) {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .put("p.yaml", policy("default/p", "targetRefs: [" + target + "], rules: [{}]"));
        assertThat(mesh.messages())
                .containsExactly("p.yaml:1: error: AuthorizationPolicy default/p: spec.targetRefs[0]: " + message);
    }

    @Test
    void aServiceWithoutAWaypointHasNobodyWhoEnforces() {
        IstioMesh mesh = new IstioMesh(IstioMesh.SERVICES)
                .put("p.yaml", policy("other/p", "targetRefs: [{kind: Service, name: far}], rules: [{}]"));
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:1: error: AuthorizationPolicy other/p: spec.targetRefs[0]: Service other/far has no waypoint, so nobody enforces the policy: label the service or its namespace culvert.io/use-waypoint, or use spec.selector with L4 fields");
        assertThat(Objects.requireNonNull(mesh.last.statuses().get("AuthorizationPolicy other/p"))
                        .parents()
                        .getFirst()
                        .conditions())
                .extracting(RouteStatus.Condition::reason)
                .containsExactly("AncestorNotBound");
    }

    @Test
    void agentsDoNotGetIt() {
        TestMesh mesh = new TestMesh().put("p.yaml", policy("default/p", REVIEWS + ", rules: [{}]"));
        assertThat(mesh.authorizations).doesNotContainKey("default/p");
        assertThat(mesh.messages())
                .containsExactly(
                        "p.yaml:1: error: AuthorizationPolicy default/p: spec.targetRefs[0]: there is no Service default/reviews: the policy is for nobody");
    }
}

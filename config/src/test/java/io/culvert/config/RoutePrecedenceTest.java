package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gateway API, HTTPRouteRule.matches and GRPCRouteRule.matches: which of several matches is tried first. */
class RoutePrecedenceTest {
    private static String rule(String name, String match) {
        return "{name: " + name + ", matches: [" + match + "], backendRefs: [{name: v1, port: 80}]}";
    }

    @ParameterizedTest(name = "{0} goes before {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{path: {type: Exact, value: /a}} | {path: {type: PathPrefix, value: /a/b/c}}",
                "{path: {value: /ab}} | {path: {value: /a}}",
                "{path: {value: /a}} | {path: {type: RegularExpression, value: '/a/b.*'}}",
                "{path: {type: RegularExpression, value: '/a.*'}} | {path: {value: /}, method: GET}",
                "{path: {type: RegularExpression, value: '/a.*'}} | {method: GET}",
                "{path: {type: RegularExpression, value: '/ab.*'}} | {path: {type: RegularExpression, value: '/a.*'}}",
                "{path: {value: /a}, method: GET} | {path: {value: /a}, headers: [{name: x, value: y}]}",
                "{headers: [{name: x, value: y}, {name: z, value: y}]} | {headers: [{name: x, value: y}], queryParams: [{name: q, value: v}]}",
                "{headers: [{name: x, value: y}]} | {queryParams: [{name: q, value: v}, {name: r, value: v}]}",
                "{queryParams: [{name: q, value: v}, {name: r, value: v}]} | {queryParams: [{name: q, value: v}]}",
                "{path: {value: /a/}, method: GET} | {path: {value: /a}}",
            })
    void theMoreSpecificGoesFirstWhateverTheOrder(String first, String second) {
        for (String rules : List.of(
                "[" + rule("first", first) + ", " + rule("second", second) + "]",
                "[" + rule("second", second) + ", " + rule("first", first) + "]")) {
            TestRoutes routes = new TestRoutes().put("r.yaml", TestRoutes.route("HTTPRoute", "r", rules));
            assertThat(routes.order()).as(rules).containsExactly("r/first", "r/second");
            assertThat(routes.messages()).isEmpty();
        }
    }

    @Test
    void ofEqualMatchesTheFirstInTheListCounts() {
        TestRoutes routes = new TestRoutes()
                .put(
                        "r.yaml",
                        TestRoutes.route(
                                "HTTPRoute",
                                "r",
                                "[" + rule("b", "{path: {value: /x}}, {path: {value: /longest}}") + ", "
                                        + rule("a", "{path: {value: /x}}") + "]"));
        assertThat(routes.order()).containsExactly("r/b", "r/b", "r/a");
    }

    @Test
    void ofEqualRoutesTheOlderAndThenTheFirstByNameCounts() {
        String old = TestRoutes.route("HTTPRoute", "z", "[" + rule("all", "{}") + "]")
                .replace("{name: z,", "{name: z, creationTimestamp: '2024-01-01T00:00:00Z',");
        String young = TestRoutes.route("HTTPRoute", "y", "[" + rule("all", "{}") + "]")
                .replace("{name: y,", "{name: y, creationTimestamp: '2025-01-01T00:00:00Z',");
        String b = TestRoutes.route("HTTPRoute", "b", "[" + rule("all", "{}") + "]");
        String a = TestRoutes.route("HTTPRoute", "a", "[" + rule("all", "{}") + "]");
        TestRoutes routes = new TestRoutes().put("r.yaml", String.join("---\n", b, young, old, a));
        assertThat(routes.order()).containsExactly("z/all", "y/all", "a/all", "b/all");
    }

    @ParameterizedTest(name = "{0} goes before {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{method: {service: a.B, method: C}} | {method: {service: a.Longer}}",
                "{method: {service: a.B}} | {method: {method: Longest}}",
                "{method: {method: C}} | {headers: [{name: x, value: y}]}",
                "{method: {service: a.B, method: C}, headers: [{name: x, value: y}]} | {method: {service: a.B, method: C}}",
                "{method: {type: RegularExpression, service: 'a.Lo.*'}} | {method: {type: RegularExpression, service: 'a.*', method: Longest}}",
                "{method: {method: Longer}} | {method: {method: Long}}",
            })
    void grpcMethodsAreOrderedByServiceThenMethodThenHeaders(String first, String second) {
        TestRoutes routes = new TestRoutes()
                .put(
                        "r.yaml",
                        TestRoutes.route(
                                "GRPCRoute", "r", "[" + rule("second", second) + ", " + rule("first", first) + "]"));
        assertThat(routes.order()).containsExactly("r/first", "r/second");
        assertThat(routes.messages()).isEmpty();
    }

    @Test
    void serverNamesAreOrderedExactThenLongestWildcardThenAny() {
        String any = TestRoutes.route("TLSRoute", "any", "[{backendRefs: [{name: v1, port: 443}]}]");
        String some = any.replace("name: any", "name: some")
                + "  hostnames: ['*.example.com', 'a.example.com', '*.b.example.com']\n";
        TestRoutes routes = new TestRoutes().put("r.yaml", any + "---\n" + some);
        assertThat(routes.port(443).tls().stream()
                        .map(rule -> rule.serverNames().toString()))
                .containsExactly("[a.example.com]", "[*.b.example.com]", "[*.example.com]", "[]");
    }
}

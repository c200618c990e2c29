package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegexSizeTest {
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "/v[12]/.*",
                "[0-9]{1,10}",
                "(a{1000}){9}",
                "[](){}{100}]{50}",
                "[^]{1000}]{1000}",
                "\\{1000\\}\\(\\(",
                "\\p{Greek}{1000}\\x{10FFFF}{1000}",
                "\\Q(((a{1000}){1000}){1000}\\E",
                "[[:alpha:]]]{1000}",
                "a{x}{y}",
                "(((((((((a)))))))))",
            })
    void ordinaryExpressionsAreTaken(String text) {
        assertThat(RegexSize.fault(text)).isNull();
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "(((((a{30}){30}){30}){30}){30})",
                "((a{1000}){1000}){1000}",
                "((a{100,}){100,}){2}",
                "(?:(?:[a-z]{0,999}){0,999})",
                "a{999999999}",
                "((ab{900}c){12})",
            })
    void repetitionsThatMultiplyAreRefused(String text) {
        assertThat(RegexSize.fault(text)).isEqualTo("its repetitions multiply to more than 10000 steps");
    }

    @Test
    void deepAndLongOnesAreRefused() {
        assertThat(RegexSize.fault("(".repeat(5_000).substring(904) + ")"))
                .isEqualTo("it has 4097 characters, more than 4096");
        assertThat(RegexSize.fault("(".repeat(101) + "a" + ")".repeat(101)))
                .isEqualTo("its groups are nested deeper than 100");
        assertThat(RegexSize.fault("(".repeat(100) + "a" + ")".repeat(100))).isNull();
    }

    @Test
    void aRouteWithOneIsRefusedAlone() {
        TestRoutes routes = new TestRoutes()
                .put(
                        "r.yaml",
                        TestRoutes.route(
                                "HTTPRoute",
                                "r",
                                "[{matches: [{path: {type: RegularExpression, value: '((a{1000}){1000}){1000}'}}], backendRefs: "
                                        + "[{name: v1, port: 80}]}]"));
        assertThat(routes.messages())
                .contains(
                        "r.yaml:6: error: HTTPRoute shop/r: spec.rules[0].matches[0].path.value: this regular expression is "
                                + "too large: its repetitions multiply to more than 10000 steps");
    }
}

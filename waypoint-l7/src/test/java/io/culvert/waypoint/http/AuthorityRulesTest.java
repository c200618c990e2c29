package io.culvert.waypoint.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorityRulesTest {
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "web",
                "web:80",
                "web.ns.svc.cluster.local.",
                "10.0.0.1:65535",
                "[::1]",
                "[fd00::1]:8080",
                "a_b",
                "a%2f"
            })
    void hosts_with_and_without_port_are_authorities(String text) {
        assertThat(AuthorityRules.normalize(text)).isEqualTo(text);
    }

    @ParameterizedTest(name = "\"{0}\"")
    @ValueSource(
            strings = {
                "",
                ":80",
                "web:",
                "web:x",
                "web:+80",
                "web:65536",
                "web:000080",
                "user@web",
                "a,b",
                "a b",
                "a/b",
                "a?b",
                "a#b",
                "a\\b",
                "[::1",
                "::1",
                "[::1]x",
                "[]",
                "[web]",
                "[:]",
                "a%2",
                "a%zz",
                "ü",
                "a\u0000",
                "[::1]:",
                "a:1:2"
            })
    void everything_else_is_none(String text) {
        assertThat(AuthorityRules.normalize(text)).isNull();
    }

    @Test
    void upper_case_is_lowered() {
        assertThat(AuthorityRules.normalize("WEB.Example:80")).isEqualTo("web.example:80");
    }
}

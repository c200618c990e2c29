package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The grammar of CONNECT targets. */
class AuthorityTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "10.0.0.1:80,           10.0.0.1,          80,    true",
        "[2001:db8::1]:15008,   2001:db8::1,       15008, true",
        "[::ffff:10.0.0.1]:1,   ::ffff:10.0.0.1,   1,     true",
        "Svc.Ns.svc.local:443,  svc.ns.svc.local,  443,   false",
        "my_svc-1:65535,        my_svc-1,          65535, false"
    })
    void well_formed_ones_are_taken_apart(String text, String host, int port, boolean literal) {
        Authority authority = Objects.requireNonNull(Authority.parse(text));
        assertThat(authority.host()).isEqualTo(host);
        assertThat(authority.port()).isEqualTo(port);
        assertThat(authority.address() != null).isEqualTo(literal);
        assertThat(authority).hasToString(text.toLowerCase(java.util.Locale.ROOT));
    }

    @ParameterizedTest(name = "number {index}")
    @ValueSource(
            strings = {
                "",
                ":",
                ":80",
                "10.0.0.1",
                "10.0.0.1:",
                "10.0.0.1:0",
                "10.0.0.1:65536",
                "10.0.0.1:99999999999",
                "10.0.0.1:+80",
                "10.0.0.1:8O",
                "10.0.0.300:80",
                "10.0.1:80",
                "1234:80",
                "2001:db8::1:80",
                "[2001:db8::1]",
                "[fe80::1%eth0]:80",
                "[10.0.0.1]:80",
                "[]:80",
                "[[::1]]:80",
                "user@host:80",
                "host/path:80",
                "a..b:80",
                ".a:80",
                "ho st:80",
                "host\u0000:80",
                "h\u00e9:80"
            })
    void everything_else_is_refused(String text) {
        assertThat(Authority.parse(text)).isNull();
    }

    @Test
    void a_name_has_at_most_253_characters() {
        assertThat(Authority.parse("a".repeat(253) + ":80")).isNotNull();
        assertThat(Authority.parse("a".repeat(254) + ":80")).isNull();
    }
}

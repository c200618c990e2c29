package io.culvert.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpiffeIdTest {
    private static final TrustDomain DOMAIN = new TrustDomain("cluster.local");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spiffe://cluster.local/ns/default/sa/web",
                "spiffe://cluster.local",
                "spiffe://1.2.3.4/x",
                "spiffe://under_score.example/A-b_C.d/...",
                "spiffe://a/b..c/.d",
            })
    void keepsWhatItReads(String uri) {
        assertThat(SpiffeId.parse(uri)).hasToString(uri).isEqualTo(SpiffeId.parse(uri));
    }

    @Test
    void takesTheSchemeInAnyCaseAndThePathAsItIs() {
        assertThat(SpiffeId.parse("SPIFFE://cluster.local/Web")).hasToString("spiffe://cluster.local/Web");
        assertThat(SpiffeId.parse("spiffe://cluster.local/Web"))
                .isNotEqualTo(SpiffeId.parse("spiffe://cluster.local/web"));
    }

    @ParameterizedTest(name = "[{index}] {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    ''                                | is empty
                    cluster.local/ns/a/sa/b           | does not start with spiffe://
                    https://cluster.local/x           | does not start with spiffe://
                    spiffe:/cluster.local/x           | does not start with spiffe://
                    spiffe://                         | trust domain is empty
                    spiffe:///ns/a                    | trust domain is empty
                    spiffe://Cluster.local/x          | upper-case letter C
                    spiffe://user@cluster.local/x     | user information
                    spiffe://cluster.local:443/x      | has a port
                    spiffe://cluster%2elocal/x        | percent-encoded
                    spiffe://clüster.local/x          | U+00FC
                    spiffe://cluster.local/           | ends with a slash
                    spiffe://cluster.local/a/         | ends with a slash
                    spiffe://cluster.local//a         | is empty
                    spiffe://cluster.local/a/./b      | is relative
                    spiffe://cluster.local/..         | is relative
                    spiffe://cluster.local/a%2fb      | percent-encoded
                    spiffe://cluster.local/a?b=c      | has a query
                    spiffe://cluster.local/a#b        | has a fragment
                    spiffe://cluster.local/a*b        | has the character '*'
                    spiffe://cluster.local/a b        | has the character U+0020
                    """)
    void namesTheFault(String uri, String fault) {
        assertThatThrownBy(() -> SpiffeId.parse(uri))
                .isInstanceOf(SpiffeIdException.class)
                .hasMessageContaining(fault);
    }

    @Test
    void keepsControlCharactersOutOfMessages() {
        assertThatThrownBy(() -> SpiffeId.parse("spiffe://cluster.local/a\0b\nc"))
                .hasMessageContaining("U+0000")
                .message()
                .doesNotContain("\n", "\0");
    }

    @Test
    void limitsLengths() {
        assertThat(SpiffeId.parse("spiffe://" + "a".repeat(255)).trustDomain().name())
                .hasSize(255);
        assertThatThrownBy(() -> SpiffeId.parse("spiffe://" + "a".repeat(256)))
                .hasMessageContaining("256 characters: at most 255");
        String longest = "spiffe://a/" + "b".repeat(2048 - 11);
        assertThat(SpiffeId.parse(longest)).hasToString(longest);
        assertThatThrownBy(() -> SpiffeId.parse(longest + "b")).hasMessageContaining("at most 2048");
        assertThatThrownBy(() -> new SpiffeId(new TrustDomain("a"), "/" + "b".repeat(2048)))
                .hasMessageContaining("at most 2048");
    }

    @Test
    void knowsServiceAccounts() {
        SpiffeId id = SpiffeId.forServiceAccount(DOMAIN, "default", "web");
        assertThat(id).hasToString("spiffe://cluster.local/ns/default/sa/web");
        assertThat(id.namespace()).isEqualTo("default");
        assertThat(id.serviceAccount()).isEqualTo("web");
        assertThat(SpiffeId.parse("spiffe://cluster.local/ns/default/sa/web/x").namespace())
                .isNull();
        assertThat(SpiffeId.parse("spiffe://cluster.local/ns/default").serviceAccount())
                .isNull();
        assertThatThrownBy(() -> SpiffeId.forServiceAccount(DOMAIN, "default", "a/sa/b"))
                .hasMessageContaining("service account \"a/sa/b\"");
        assertThatThrownBy(() -> SpiffeId.forServiceAccount(DOMAIN, "", "web")).hasMessageContaining("namespace");
    }
}

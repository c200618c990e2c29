package io.culvert.waypoint.http;

import static io.culvert.waypoint.http.FieldRules.TrailerRule.DROP;
import static io.culvert.waypoint.http.FieldRules.TrailerRule.KEEP;
import static io.culvert.waypoint.http.FieldRules.TrailerRule.REFUSE;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldRulesTest {
    @Test
    void tokens_are_those_of_RFC_9110() {
        for (int c = 0; c < 256; c++) {
            boolean token = c > ' ' && c < 0x7f && "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0;
            assertThat(FieldRules.isToken(String.valueOf((char) c))).as("%d", c).isEqualTo(token);
            assertThat(FieldRules.isName(String.valueOf((char) c)))
                    .as("%d", c)
                    .isEqualTo(token && !(c >= 'A' && c <= 'Z'));
        }
        assertThat(FieldRules.isToken("")).isFalse();
        assertThat(FieldRules.isName("")).isFalse();
        assertThat(FieldRules.isName("\u0161")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "a b\tc", "\u00ff"})
    void values_hold_text(String value) {
        assertThat(FieldRules.isValue(value)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {" a", "a ", "\ta", "a\t", "a\rb", "a\nb", "a\u0000b", "\u007f", "\u0100", "\u0001"})
    void values_hold_no_controls_and_no_space_at_their_ends(String value) {
        assertThat(FieldRules.isValue(value)).isFalse();
    }

    @Test
    void hop_by_hop_and_nominated_fields_go_but_te_trailers_stays() {
        Fields fields = new Fields()
                .add("connection", "close, X-Secret")
                .add("te", "gzip;q=0.5, Trailers")
                .add("x-secret", "1")
                .add("connection", ",keep-alive")
                .add("keep-alive", "timeout=5")
                .add("proxy-connection", "close")
                .add("upgrade", "h2c")
                .add("transfer-encoding", "chunked")
                .add("accept", "*/*");

        assertThat(FieldRules.removeHopByHop(fields)).isTrue();

        assertThat(fields.toString()).isEqualTo("accept: */*\nte: trailers\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "host",
                "Content-Length",
                "close, transfer-encoding",
                "a b",
                "a;b",
                ":path",
                "cookie",
                "X-Forwarded-For",
                "forwarded"
            })
    void a_connection_field_that_nominates_what_everybody_needs_is_malformed(String value) {
        assertThat(FieldRules.removeHopByHop(new Fields().add("connection", value)))
                .isFalse();
    }

    @Test
    void trailers_that_frame_are_refused_and_those_that_decide_are_dropped() {
        assertThat(FieldRules.trailer("content-length")).isEqualTo(REFUSE);
        assertThat(FieldRules.trailer("transfer-encoding")).isEqualTo(REFUSE);
        assertThat(FieldRules.trailer("host")).isEqualTo(REFUSE);
        assertThat(FieldRules.trailer("authorization")).isEqualTo(DROP);
        assertThat(FieldRules.trailer("x-envoy-retry-on")).isEqualTo(DROP);
        assertThat(FieldRules.trailer("grpc-status")).isEqualTo(KEEP);
    }

    @Test
    void fields_for_proxies_among_each_other_are_internal() {
        assertThat(FieldRules.isInternal("x-forwarded-client-cert")).isTrue();
        assertThat(FieldRules.isInternal("x-envoy-upstream-rq-timeout-ms")).isTrue();
        assertThat(FieldRules.isInternal("x-request-id")).isFalse();
    }
}

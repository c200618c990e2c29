package io.culvert.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings("StringConcatToTextBlock") // the line ends are the matter
class HttpProbeCheckTest {
    private static final String GOOD =
            "GET /healthz?full=1 HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\n"
                    + "X-Custom: yes\r\nConnection: close\r\n\r\n";

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    private static HttpProbeCheck check() {
        return new HttpProbeCheck(Set.of("/healthz?full=1", "/ready"));
    }

    private static ProbeCheck.Verdict judge(String text) {
        HttpProbeCheck check = check();
        ProbeCheck.Verdict verdict = check.feed(bytes(text));
        check.close();
        return verdict;
    }

    @Test
    void theKubeletsRequestPassesUnchanged() {
        HttpProbeCheck check = check();
        assertThat(check.feed(bytes(GOOD))).isEqualTo(ProbeCheck.Verdict.PROBE);
        ByteBuf passed = check.passed();
        assertThat(passed).isNotNull();
        assertThat(passed.toString(StandardCharsets.ISO_8859_1)).isEqualTo(GOOD);
        assertThat(check.passed()).isNull();
        assertThat(check.complete()).isTrue();
        passed.release();
        check.close();
    }

    @Test
    void arrivesInSingleBytesAndNothingPassesBeforeItIsWhole() {
        HttpProbeCheck check = check();
        for (int i = 0; i < GOOD.length() - 1; i++) {
            assertThat(check.feed(bytes(GOOD.substring(i, i + 1)))).isEqualTo(ProbeCheck.Verdict.MORE);
            assertThat(check.passed()).isNull();
        }
        assertThat(check.feed(bytes("\n"))).isEqualTo(ProbeCheck.Verdict.PROBE);
        check.close();
    }

    @Test
    void aSecondRequestLaterIsRefused() {
        HttpProbeCheck check = check();
        assertThat(check.feed(bytes(GOOD))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(check.feed(bytes("G"))).isEqualTo(ProbeCheck.Verdict.OTHER);
        assertThat(check.why()).contains("bytes follow");
        check.close();
    }

    static Stream<Arguments> smuggling() {
        String host = "Host: a\r\n";
        return Stream.of(
                Arguments.of("pipelined", GOOD + GOOD),
                Arguments.of("one byte behind", GOOD + "\n"),
                Arguments.of("another path", GOOD.replace("/healthz", "/admin")),
                Arguments.of("a prefix of the path", "GET /read HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("a longer path", "GET /ready/../admin HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("another query", "GET /ready?x HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("an encoded path", "GET /%72eady HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("two slashes", "GET //ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("absolute form", "GET http://a/ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("authority form", "CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("another method", "POST /ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("HEAD", "HEAD /ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("lower-case method", "get /ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("HTTP/1.0", "GET /ready HTTP/1.0\r\n" + host + "\r\n"),
                Arguments.of("HTTP/0.9", "GET /ready\r\n\r\n"),
                Arguments.of("two spaces", "GET  /ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("a tab", "GET\t/ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("a leading empty line", "\r\nGET /ready HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of("a body by length", "GET /ready HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\n"),
                Arguments.of("a length of 0", "GET /ready HTTP/1.1\r\n" + host + "content-length: 0\r\n\r\n"),
                Arguments.of("chunks", "GET /ready HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n"),
                Arguments.of("spaced name", "GET /ready HTTP/1.1\r\n" + host + "Content-Length : 5\r\n\r\n"),
                Arguments.of("a folded line", "GET /ready HTTP/1.1\r\n" + host + " continued\r\n\r\n"),
                Arguments.of("no colon", "GET /ready HTTP/1.1\r\n" + host + "nonsense\r\n\r\n"),
                Arguments.of("empty name", "GET /ready HTTP/1.1\r\n" + host + ": x\r\n\r\n"),
                Arguments.of("bare LF", "GET /ready HTTP/1.1\r\n" + host + "A: b\nContent-Length: 5\r\n\r\n"),
                Arguments.of("bare CR", "GET /ready HTTP/1.1\r\n" + host + "A: b\rX: y\r\n\r\n"),
                Arguments.of("NUL", "GET /ready HTTP/1.1\r\n" + host + "A: b\0c\r\n\r\n"),
                Arguments.of("an upgrade", "GET /ready HTTP/1.1\r\n" + host + "Upgrade: h2c\r\n\r\n"),
                Arguments.of("connection: upgrade", "GET /ready HTTP/1.1\r\n" + host + "Connection: Upgrade\r\n\r\n"),
                Arguments.of("two options", "GET /ready HTTP/1.1\r\n" + host + "Connection: close, host\r\n\r\n"),
                Arguments.of("expect", "GET /ready HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n\r\n"),
                Arguments.of("rewritten", "GET /ready HTTP/1.1\r\n" + host + "X-Original-URL: /admin\r\n\r\n"),
                Arguments.of("overridden", "GET /ready HTTP/1.1\r\n" + host + "x-http-method-override: DELETE\r\n\r\n"),
                Arguments.of("no host", "GET /ready HTTP/1.1\r\nA: b\r\n\r\n"),
                Arguments.of("two hosts", "GET /ready HTTP/1.1\r\n" + host + "host: b\r\n\r\n"),
                Arguments.of("TLS", "\u0016\u0003\u0001\u0002\u0000\r\n\r\n"),
                Arguments.of("too long", "GET /ready HTTP/1.1\r\nA: " + "x".repeat(HttpProbeCheck.MAX_HEAD)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("smuggling")
    void anythingElseIsNoProbe(String name, String text) {
        assertThat(judge(text)).as(name).isEqualTo(ProbeCheck.Verdict.OTHER);
    }

    @Test
    void bareLineFeedsOnlyNeverComplete() {
        assertThat(judge("GET /ready HTTP/1.1\nHost: a\n\n")).isEqualTo(ProbeCheck.Verdict.MORE);
    }
}

package io.culvert.waypoint.h1;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is no request gets its status over a real socket, and nobody behind the codec hears of it. */
class RequestRejectionTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: web\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: web\r\n";
    private static final String CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n";
    /** What an attacker wants to be taken for a second request. */
    private static final String SMUGGLED = "GET /admin HTTP/1.1\r\nHost: web\r\n\r\n";

    private static final Recorder BACKEND = new Recorder();
    private static final Loops LOOPS = new Loops();
    private static InetSocketAddress address = new InetSocketAddress(0);

    @BeforeAll
    static void listen() {
        address = LOOPS.listen(() -> Http1Server.handler(BACKEND, Http1Settings.DEFAULT, "http", BACKEND));
    }

    @AfterAll
    static void close() {
        LOOPS.close();
    }

    private static Arguments row(String name, int status, String bytes) {
        return Arguments.of(name, status, bytes);
    }

    static Stream<Arguments> lengths() {
        String length = POST + "Content-Length: ";
        return Stream.of(
                row(
                        "length and encoding (CVE-2026-42581)",
                        400,
                        length + "5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
                row(
                        "encoding and length",
                        400,
                        POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED),
                row("two lengths that differ", 400, length + "5\r\nContent-Length: 6\r\n\r\nhello"),
                row("two lengths in one field", 400, length + "5, 6\r\n\r\nhello"),
                row("two lengths that are equal", 400, length + "5\r\nContent-Length: 5\r\n\r\nhello"),
                row("length with plus", 400, length + "+5\r\n\r\nhello"),
                row("length with minus", 400, length + "-5\r\n\r\nhello"),
                row("hexadecimal length", 400, length + "0x5\r\n\r\nhello"),
                row("length with underscore", 400, length + "1_0\r\n\r\nhello"),
                row("length with a space within", 400, length + "1 0\r\n\r\nhello"),
                row("empty length", 400, length + "\r\n\r\nhello"),
                row("length of 2^63", 400, length + "9223372036854775808\r\n\r\nhello"),
                row("length of 2^64 + 5", 400, length + "18446744073709551621\r\n\r\nhello"),
                row("length of digits that are none in ASCII", 400, length + "\u00b2\r\n\r\nhello"),
                row("length with a vertical tab", 400, length + "5\u000b\r\n\r\nhello"));
    }

    static Stream<Arguments> encodings() {
        String encoding = POST + "Transfer-Encoding: ";
        String body = "\r\n\r\n0\r\n\r\n" + SMUGGLED;
        return Stream.of(
                row("last coding not chunked (CVE-2026-89044)", 400, encoding + "chunked, gzip" + body),
                row("identity", 400, encoding + "identity" + body),
                row("a coding before chunked", 501, encoding + "gzip, chunked" + body),
                row("an empty coding before chunked", 400, encoding + ",chunked" + body),
                row("chunked twice in one field", 400, encoding + "chunked, chunked" + body),
                row("chunked twice", 400, encoding + "chunked\r\nTransfer-Encoding: chunked" + body),
                row("chunked, then identity", 400, encoding + "chunked\r\nTransfer-Encoding: identity" + body),
                row("chunked with a vertical tab", 400, encoding + "\u000bchunked" + body),
                row("quoted chunked", 400, encoding + "\"chunked\"" + body),
                row("xchunked", 400, encoding + "xchunked" + body),
                row("chunked with a parameter", 400, encoding + "chunked;q=1" + body),
                row("empty encoding", 400, encoding + body),
                row("encoding in HTTP/1.0", 426, "POST / HTTP/1.0\r\nHost: web\r\nTransfer-Encoding: chunked" + body));
    }

    static Stream<Arguments> lines() {
        return Stream.of(
                row("bare LF ends the request line", 400, "GET / HTTP/1.1\nHost: web\r\n\r\n"),
                row("bare LF everywhere", 400, "GET / HTTP/1.1\nHost: web\n\n"),
                row("bare LF ends a field", 400, "GET / HTTP/1.1\r\nHost: web\nX: 1\r\n\r\n"),
                row("bare LF ends the head", 400, GET + "\n"),
                row("bare CR in the request line", 400, "GET /\r HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("bare CR in a value", 400, GET + "X: a\rb\r\n\r\n"),
                row("bare CR before a field", 400, GET + "\rX: a\r\n\r\n"),
                row("CR CR LF", 400, GET + "X: a\r\r\n\r\n"),
                row("bare CR before a request", 400, "\rGET / HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("two empty lines before a request", 400, "\r\n\r\n" + GET + "\r\n"),
                row("space before the colon", 400, GET + "Content-Length : 5\r\n\r\nhello"),
                row("tab before the colon", 400, GET + "X\t: 5\r\n\r\n"),
                row("folded value", 400, GET + "X: a\r\n b\r\n\r\n"),
                row("folded by a tab", 400, GET + "X: a\r\n\tb\r\n\r\n"),
                row("space before the first field", 400, "GET / HTTP/1.1\r\n Host: web\r\n\r\n"),
                row("empty name", 400, GET + ": a\r\n\r\n"),
                row("field without colon", 400, GET + "X\r\n\r\n"),
                row("NUL in a value", 400, GET + "X: a\u0000b\r\n\r\n"),
                row("a control in a value", 400, GET + "X: a\u0001b\r\n\r\n"),
                row("DEL in a value", 400, GET + "X: a\u007fb\r\n\r\n"),
                row("NUL in a name", 400, GET + "X\u0000: a\r\n\r\n"),
                row("parenthesis in a name", 400, GET + "X(: a\r\n\r\n"),
                row("a name beyond ASCII", 400, GET + "\u00dc: a\r\n\r\n"),
                row("method that is no token", 400, "G(T / HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("the method that HTTP/2 reserved", 400, "PRI / HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("space before the method", 400, " GET / HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("two spaces after the method", 400, "GET  / HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("two spaces before the version", 400, "GET /  HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("tab after the method", 400, "GET\t/ HTTP/1.1\r\nHost: web\r\n\r\n"),
                row("space after the version", 400, "GET / HTTP/1.1 \r\nHost: web\r\n\r\n"),
                row("HTTP/0.9", 400, "GET /\r\n\r\n"),
                row("HTTP/1.0", 426, "GET / HTTP/1.0\r\nHost: web\r\n\r\n"),
                row("HTTP/1.2", 505, "GET / HTTP/1.2\r\nHost: web\r\n\r\n"),
                row("HTTP/2.0", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                row("HTTP/01.1", 400, "GET / HTTP/01.1\r\nHost: web\r\n\r\n"),
                row("http/1.1", 400, "GET / http/1.1\r\nHost: web\r\n\r\n"),
                row("TLS", 400, "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"));
    }

    static Stream<Arguments> targets() {
        String end = " HTTP/1.1\r\nHost: web\r\n\r\n";
        return Stream.of(
                row("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
                row("two Hosts", 400, GET + "Host: web\r\n\r\n"),
                row("two Hosts that differ", 400, GET + "Host: other\r\n\r\n"),
                row("empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
                row("Host with a user", 400, "GET / HTTP/1.1\r\nHost: a@web\r\n\r\n"),
                row("Host with a list", 400, "GET / HTTP/1.1\r\nHost: web, other\r\n\r\n"),
                row("Host with a path", 400, "GET / HTTP/1.1\r\nHost: web/x\r\n\r\n"),
                row("Host with a bad port", 400, "GET / HTTP/1.1\r\nHost: web:99999\r\n\r\n"),
                row("absolute form of another host", 400, "GET http://other/" + end),
                row("absolute form of another port", 400, "GET http://web:81/" + end),
                row("absolute form without host", 400, "GET http:///" + end),
                row("absolute form of another scheme", 400, "GET ftp://web/" + end),
                row("authority form", 501, "CONNECT web:80" + end),
                row("no slash", 400, "GET admin" + end),
                row("asterisk but not OPTIONS", 400, "GET *" + end),
                row("fragment", 400, "GET /#x" + end),
                row("NUL in the target", 400, "GET /\u0000" + end),
                row("tab in the target", 400, "GET /\tx" + end),
                row("DEL in the target", 400, "GET /\u007f" + end),
                row("a byte beyond ASCII in the path", 400, "GET /\u00fc" + end),
                row("a byte beyond ASCII in the query", 400, "GET /?\u00fc" + end),
                row("encoded NUL", 400, "GET /%00" + end),
                row("percent sign that encodes nothing", 400, "GET /%2%65%2%65/" + end),
                row("CR LF in the target (CVE-2025-67735)", 400, "GET /\r\nX: 1 HTTP/1.1\r\nHost: web\r\n\r\n"));
    }

    static Stream<Arguments> chunks() {
        String end = "\r\n0\r\n\r\n";
        return Stream.of(
                row("bare LF after a chunk's size (CVE-2025-58056)", 400, CHUNKED + "5\nhello" + end),
                row("bare LF after a chunk's extension", 400, CHUNKED + "5;a=b\nhello" + end),
                row("CR LF in a quoted extension (CVE-2026-33870)", 400, CHUNKED + "5;a=\"\r\nhello" + end + SMUGGLED),
                row("LF in a quoted extension", 400, CHUNKED + "5;a=\"\nX\"\r\nhello" + end),
                row("bare CR in an extension", 400, CHUNKED + "5;a\rb\r\nhello" + end),
                row("bare CR after a chunk's size", 400, CHUNKED + "5\rhello" + end),
                row("control in an extension", 400, CHUNKED + "5;a\u0000\r\nhello" + end),
                row("empty extension", 400, CHUNKED + "5;\r\nhello" + end),
                row("extension that never ends", 400, CHUNKED + "5;" + "a".repeat(300) + "\r\nhello" + end),
                row("size that is no number", 400, CHUNKED + "x\r\nhello" + end),
                row("size with 0x", 400, CHUNKED + "0x5\r\nhello" + end),
                row("size with plus", 400, CHUNKED + "+5\r\nhello" + end),
                row("size with minus", 400, CHUNKED + "-1\r\nhello" + end),
                row("size with underscore", 400, CHUNKED + "0_5\r\nhello" + end),
                row("size with a space before", 400, CHUNKED + " 5\r\nhello" + end),
                row("size with a space after", 400, CHUNKED + "5 \r\nhello" + end),
                row("size that overflows", 400, CHUNKED + "10000000000000005\r\nhello" + end),
                row("size of 2^60", 400, CHUNKED + "1000000000000000\r\nhello" + end),
                row("empty size", 400, CHUNKED + "\r\nhello" + end),
                row("more data than the size says", 400, CHUNKED + "4\r\nhello" + end),
                row("bare LF after a chunk", 400, CHUNKED + "5\r\nhello\n0\r\n\r\n"),
                row("bare LF after the last chunk", 400, CHUNKED + "0\r\n\n"),
                row("trailer that is Content-Length", 400, CHUNKED + "0\r\nContent-Length: 5\r\n\r\n"),
                row("trailer that is Transfer-Encoding", 400, CHUNKED + "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
                row("trailer that is Host", 400, CHUNKED + "0\r\nHost: other\r\n\r\n"),
                row("trailer with a space before its colon", 400, CHUNKED + "0\r\nX : 1\r\n\r\n"),
                row("trailer that is folded", 400, CHUNKED + "0\r\nX: 1\r\n 2\r\n\r\n"),
                row("trailer that ends in a bare LF", 400, CHUNKED + "0\r\nX: 1\n\r\n"),
                row("size of nothing but zeros", 400, CHUNKED + "0000000000000000\r\n\r\n"));
    }

    static Stream<Arguments> endlessTrailers() {
        return Stream.of(row("trailers without end", 431, CHUNKED + "0\r\nX: " + "a".repeat(62_000)));
    }

    static Stream<Arguments> limitsAndOptions() {
        return Stream.of(
                row("101 fields", 431, GET + "X: 1\r\n".repeat(100) + "\r\n"),
                row("a head of more than 60 KiB", 431, GET + "X: " + "a".repeat(61_440) + "\r\n\r\n"),
                row("a head without end", 431, "GET /" + "a".repeat(61_440)),
                row(
                        "Connection nominates Content-Length",
                        400,
                        POST + "Connection: close, content-length\r\nContent-Length: 5\r\n\r\nhello"),
                row(
                        "Connection nominates X-Forwarded-For",
                        400,
                        GET + "X-Forwarded-For: 192.0.2.1\r\nConnection: close, x-forwarded-for\r\n\r\n"),
                row("Connection nominates Host", 400, GET + "Connection: host\r\n\r\n"),
                row("Connection that is no list of tokens", 400, GET + "Connection: a b\r\n\r\n"),
                row("an unknown expectation", 417, GET + "Expect: 200-ok\r\n\r\n"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource({"lengths", "encodings", "lines", "targets", "chunks", "limitsAndOptions"})
    void is_refused_and_the_backend_has_seen_nothing(String name, int status, String bytes) throws Exception {
        int before = BACKEND.requests.get();
        BACKEND.rejected.clear();

        try (Wire wire = new Wire(address)) {
            String answer = wire.send(bytes).readAll();

            assertThat(answer).startsWith("HTTP/1.1 " + status + " ").contains("connection: close\r\n");
            assertThat(answer.split("HTTP/1.1 ", -1))
                    .as("one response only: %s", answer)
                    .hasSize(2);
        }
        assertThat(BACKEND.requests).as(name).hasValue(before);
        assertThat(BACKEND.rejected).hasSize(1).first().asString().startsWith(status + " ");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource({"chunks", "endlessTrailers"})
    void a_body_that_breaks_after_its_head_was_told_on_is_reset_and_refused(String name, int status, String bytes)
            throws Exception {
        BACKEND.events.clear();
        int head = bytes.indexOf("\r\n\r\n") + 4;
        BACKEND.begun.clear();
        try (Wire wire = new Wire(address)) {
            wire.send(bytes.substring(0, head));
            BACKEND.begun();
            String answer = wire.send(bytes.substring(head)).readAll();

            assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
            assertThat(answer.split("HTTP/1.1 ", -1))
                    .as("one response only: %s", answer)
                    .hasSize(2);
        }
        assertThat(BACKEND.event()).as(name).isEqualTo("reset PROTOCOL");
    }

    @Test
    void others_go_on_beside_what_is_refused() throws Exception {
        try (Wire good = new Wire(address);
                Wire bad = new Wire(address)) {
            good.send(GET);
            assertThat(bad.send("GET / HTTP/1.1\n").readAll()).startsWith("HTTP/1.1 400 ");
            assertThat(good.send("\r\n").readUntil("GET web /\n")).startsWith("HTTP/1.1 200 OK\r\n");
        }
    }
}

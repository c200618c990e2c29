package io.culvert.waypoint.h1;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.netty.channel.Channel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What an app may answer over a real socket, and what becomes of it and of the connection. */
class ResponseRejectionTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    private static final String CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n";

    private final Loops loops = new Loops();
    private ServerSocket app;
    private Wire wire;
    private final CountDownLatch gone = new CountDownLatch(1);
    private final CountDownLatch rested = new CountDownLatch(1);
    private Http1Client client;

    @BeforeEach
    void connect() throws Exception {
        app = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        client = new Http1Client(Http1Settings.DEFAULT);
        Channel channel = loops.connect((InetSocketAddress) app.getLocalSocketAddress(), client);
        wire = new Wire(app.accept());
        channel.eventLoop()
                .submit(() -> client.listener(new ClientConnection.Listener() {
                    @Override
                    public void onCapacity(ClientConnection connection) {
                        rested.countDown();
                    }

                    @Override
                    public void onClosed(ClientConnection connection) {
                        gone.countDown();
                    }
                }))
                .syncUninterruptibly();
    }

    @AfterEach
    void close() throws Exception {
        wire.close();
        app.close();
        loops.close();
    }

    private Answer ask(String method, String upgrade) throws Exception {
        Answer answer = new Answer();
        RequestHead head = new RequestHead(method, "http", "web", "/", new Fields(), upgrade);
        client.loop().submit(() -> answer.of(client.send(head, true, answer))).syncUninterruptibly();
        wire.readUntil("\r\n\r\n");
        return answer;
    }

    private static Arguments row(String name, String bytes) {
        return Arguments.of(name, bytes);
    }

    static Stream<Arguments> malformed() {
        String fields = OK + "Content-Length: 5\r\n";
        return Stream.of(
                row("length and encoding", fields + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
                row("two lengths", fields + "Content-Length: 6\r\n\r\nhello"),
                row("length with plus", OK + "Content-Length: +5\r\n\r\nhello"),
                row("unknown coding", OK + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                row("chunked is not last", OK + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
                row("encoding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                row("bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
                row("bare LF at the end", fields + "\nhello"),
                row("bare CR", OK + "X: a\rb\r\n\r\n"),
                row("folded value", OK + "X: a\r\n b\r\n\r\n"),
                row("space before the colon", OK + "Content-Length : 5\r\n\r\nhello"),
                row("NUL in a value", OK + "X: \u0000\r\n\r\n"),
                row("no status", "HTTP/1.1 \r\n\r\n"),
                row("status 099", "HTTP/1.1 099 X\r\n\r\n"),
                row("status 600", "HTTP/1.1 600 X\r\n\r\n"),
                row("status of four digits", "HTTP/1.1 2000 X\r\n\r\n"),
                row("control in the reason", "HTTP/1.1 200 O\u0001K\r\n\r\n"),
                row("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"),
                row("no HTTP", "SSH-2.0-OpenSSH_9.6\r\n"),
                row("something before the response", "\r\n" + fields + "\r\nhello"),
                row("chunk size that is no number", CHUNKED + "x\r\n"),
                row("bare LF after a chunk size", CHUNKED + "5\nhello\r\n0\r\n\r\n"),
                row("more data than the chunk size says", CHUNKED + "4\r\nhello\r\n0\r\n\r\n"),
                row("trailer that frames", CHUNKED + "0\r\nContent-Length: 5\r\n\r\n"),
                row("204 with an encoding", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                row("204 with a length", "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nhello"),
                row("1xx with a length", "HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\nhello" + fields + "\r\nhello"),
                row("1xx forever", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17)),
                row("101 that nobody asked for", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
                row("101 fields", OK + "X: 1\r\n".repeat(101) + "\r\n"),
                row("a head without end", OK + "X: " + "a".repeat(62_000)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void a_malformed_response_is_a_protocol_error_and_ends_the_connection(String name, String bytes) throws Exception {
        Answer answer = ask("GET", "");

        wire.send(bytes);

        assertThat(answer.outcome()).as(name).endsWith("reset PROTOCOL");
        assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.capacity()).isZero();
        assertThat(answer.done).as("nothing after the reset").isEmpty();
    }

    static Stream<Arguments> good() {
        return Stream.of(
                Arguments.of("GET", OK + "Content-Length: 5\r\n\r\nhello", "200 {content-length: 5} [hello] end", true),
                Arguments.of("GET", OK + "content-length:0\r\n\r\n", "200 {content-length: 0} complete", true),
                Arguments.of(
                        "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 {content-length: 0} complete", true),
                Arguments.of(
                        "GET",
                        CHUNKED + "5;a=\"b\\\"c\"\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n",
                        "200 {} [hello!] end {x-sum: 1}",
                        true),
                Arguments.of("HEAD", OK + "Content-Length: 5\r\n\r\n", "200 {content-length: 5} complete", true),
                Arguments.of("HEAD", CHUNKED, "200 {} complete", true),
                Arguments.of("GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 {} complete", true),
                Arguments.of(
                        "GET", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", "304 {content-length: 5} complete", true),
                Arguments.of(
                        "GET",
                        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\n\r\n" + OK + "Content-Length: 0\r\n\r\n",
                        "100 103 200 {content-length: 0} complete",
                        true),
                Arguments.of(
                        "GET",
                        OK + "Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n\r\n",
                        "200 {content-length: 0} complete",
                        false),
                Arguments.of(
                        "GET",
                        "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                        "200 {content-length: 5} [hello] end",
                        false),
                Arguments.of(
                        "GET", OK + "Content-Length: 5\r\n\r\nhello!", "200 {content-length: 5} [hello] end", false),
                Arguments.of("GET", OK + "Content-Length: 0\r\n\r\n" + OK, "200 {content-length: 0} complete", false),
                Arguments.of("HEAD", OK + "Content-Length: 5\r\n\r\nhello", "200 {content-length: 5} complete", false));
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @MethodSource("good")
    void a_good_response_is_told_on_and_the_connection_rests_unless_there_is_a_doubt(
            String method, String bytes, String outcome, boolean reusable) throws Exception {
        Answer answer = ask(method, "");

        wire.send(bytes);

        assertThat(answer.outcome()).isEqualTo(outcome);
        assertThat((reusable ? rested : gone).await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.capacity()).isEqualTo(reusable ? 1 : 0);
    }

    static Stream<Arguments> cut() {
        return Stream.of(
                Arguments.of("", "reset CONNECTION_LOST"),
                Arguments.of("HTTP/1.1 20", "reset CONNECTION_LOST"),
                Arguments.of("HTTP/1.1 103 X\r\n\r\n", "103 reset CONNECTION_LOST"),
                Arguments.of(
                        OK + "Content-Length: 6\r\n\r\nhello", "200 {content-length: 6} [hello] reset CONNECTION_LOST"),
                Arguments.of(CHUNKED + "5\r\nhello\r\n", "200 {} [hello] reset CONNECTION_LOST"),
                Arguments.of(CHUNKED + "5\r\nhello\r\n0\r\n", "200 {} [hello] reset CONNECTION_LOST"),
                Arguments.of(OK + "\r\nhello", "200 {} [hello] end"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cut")
    void a_response_that_is_cut_off_is_lost_unless_the_end_of_the_connection_is_its_end(String bytes, String outcome)
            throws Exception {
        Answer answer = ask("GET", "");

        wire.send(bytes);
        wire.hangUp();

        assertThat(answer.outcome()).isEqualTo(outcome);
        assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_reset_is_not_the_end_of_a_response_that_ends_with_its_connection() throws Exception {
        Answer answer = ask("GET", "");

        wire.send(OK + "\r\nhello");
        wire.socket.setSoLinger(true, 0);
        wire.hangUp();

        assertThat(answer.outcome()).endsWith("reset CONNECTION_LOST");
    }

    static Stream<Arguments> switches() {
        String head = "HTTP/1.1 101 X\r\n";
        return Stream.of(
                Arguments.of(head + "Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\nraw", "upgraded {} [raw] end"),
                Arguments.of(head + "Connection: Upgrade\r\nUpgrade: other\r\n\r\nraw", "reset PROTOCOL"),
                Arguments.of(head + "Upgrade: websocket\r\n\r\nraw", "reset PROTOCOL"),
                Arguments.of(OK + "Content-Length: 2\r\n\r\nno", "200 {content-length: 2} [no] end"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("switches")
    void only_the_protocol_that_was_asked_for_is_switched_to(String bytes, String outcome) throws Exception {
        Answer answer = ask("GET", "websocket");

        wire.send(bytes);
        wire.socket.shutdownOutput();

        assertThat(answer.outcome()).isEqualTo(outcome);
    }

    @Test
    void bytes_that_nobody_asked_for_end_a_resting_connection() throws Exception {
        wire.send(OK + "Content-Length: 0\r\n\r\n");

        assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.capacity()).isZero();
    }
}

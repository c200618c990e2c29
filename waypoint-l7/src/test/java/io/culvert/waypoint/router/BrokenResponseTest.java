package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.culvert.core.route.HttpRule;
import io.culvert.waypoint.h2.Wire;
import io.culvert.waypoint.router.Crossing.Http;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Apps that break off, lie or stall, between real codecs: what their clients see on the wire, and what is logged. A client
 * must never take a broken response for a whole one.
 */
@Timeout(60)
final class BrokenResponseTest {
    private static final int INTERNAL_ERROR = 2;
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);
    private static final HttpRule PLAIN = RouterFixture.rule().build();
    private static final HttpRule TIMED =
            RouterFixture.rule().timeouts(300, 0, 0).build();
    private static final HttpRule WATCHED =
            RouterFixture.rule().timeouts(0, 0, 300).build();

    /** When the client has the first bytes of the body. */
    private final CountDownLatch seen = new CountDownLatch(1);
    /** When the client has all that it will get. */
    private final CountDownLatch over = new CountDownLatch(1);

    private ServerSocket listening;

    @BeforeEach
    void listen() throws IOException {
        listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        over.countDown();
        listening.close();
    }

    /** What an app does with a request that it has read the head of. */
    @FunctionalInterface
    interface Script<T> {
        void play(T app, Stage stage) throws IOException, InterruptedException;
    }

    /** What the scripts wait for. */
    interface Stage {
        void untilSeen() throws InterruptedException;

        void untilOver() throws InterruptedException;
    }

    /** An app by what it speaks. */
    sealed interface App {
        record One(Script<Socket> script) implements App {}

        /** Its only request is stream 3. */
        record Two(Script<Wire> script) implements App {}

        default Http http() {
            return this instanceof One ? Http.ONE : Http.TWO;
        }
    }

    private void serve(App app) {
        Stage stage = new Stage() {
            @Override
            public void untilSeen() throws InterruptedException {
                assertThat(seen.await(10, TimeUnit.SECONDS)).isTrue();
            }

            @Override
            public void untilOver() throws InterruptedException {
                assertThat(over.await(10, TimeUnit.SECONDS)).isTrue();
            }
        };
        Thread.startVirtualThread(() -> {
            try (Socket socket = listening.accept()) {
                switch (app) {
                    case App.One(Script<Socket> script) -> {
                        readHead(socket.getInputStream());
                        script.play(socket, stage);
                    }
                    case App.Two(Script<Wire> script) -> {
                        Wire wire = Wire.accepted(socket, new byte[0]);
                        wire.await(Wire.HEADERS, 3);
                        script.play(wire, stage);
                    }
                }
            } catch (IOException | InterruptedException e) {
                // The router closes on apps like these.
            }
        });
    }

    private static void readHead(InputStream in) throws IOException {
        int matched = 0;
        while (matched < 4) {
            int next = in.read();
            matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
        }
    }

    private static Script<Socket> says(String text) {
        return (app, stage) -> say(app, text);
    }

    private static void say(Socket app, String text) throws IOException {
        app.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void reset(Socket app) throws IOException {
        app.setSoLinger(true, 0);
        app.close();
    }

    private static Wire head(Wire app, String... more) {
        String[] fields = new String[2 + more.length];
        fields[0] = ":status";
        fields[1] = "200";
        System.arraycopy(more, 0, fields, 2, more.length);
        return app.headers(3, Wire.END_HEADERS, fields);
    }

    private static Wire hello(Wire app, String... more) {
        return head(app, more).frame(Wire.DATA, 0, 3, HELLO);
    }

    /**
     * What a client saw.
     *
     * @param whole whether the response ended as its protocol has it
     * @param reset code of RST_STREAM, -1 for none
     */
    private record Seen(int status, int interim, boolean whole, int reset) {}

    private Seen ask(Http http, int port) throws IOException, Http2Exception {
        try {
            return http == Http.ONE ? askHttp1(port) : askHttp2(port);
        } finally {
            over.countDown();
        }
    }

    private Seen askHttp1(int port) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            say(socket, "GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n");
            byte[] buffer = new byte[4096];
            InputStream in = socket.getInputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                all.write(buffer, 0, n);
                if (all.toString(StandardCharsets.ISO_8859_1).contains("hello")) {
                    seen.countDown();
                }
            }
        } catch (SocketException e) {
            // Reset: what came before counts.
        }
        String text = all.toString(StandardCharsets.ISO_8859_1);
        int last = Math.max(0, text.lastIndexOf("HTTP/1.1 "));
        int interim = text.substring(0, last).split("HTTP/1.1 103", -1).length - 1;
        String response = text.substring(last);
        int end = response.indexOf("\r\n\r\n");
        assertThat(end).as(text).isPositive();
        String head = response.substring(0, end);
        String body = response.substring(end + 4);
        int length = head.indexOf("content-length: ");
        boolean whole = length < 0
                ? body.endsWith("0\r\n\r\n")
                : body.length() == Integer.parseInt(head.substring(length + 16).split("\r\n", 2)[0]);
        return new Seen(Integer.parseInt(response, 9, 12, 10), interim, whole, -1);
    }

    private Seen askHttp2(int port) throws IOException, Http2Exception {
        int status = 0;
        int interim = 0;
        try (Wire client = Wire.connect(port)) {
            client.get(1, "/").send();
            for (Wire.Frame frame = client.read(); frame != null; frame = client.read()) {
                switch (frame.type()) {
                    case Wire.HEADERS -> {
                        CharSequence text = client.decode(frame).status();
                        status = text == null ? status : Integer.parseInt(text.toString());
                        interim += status == 103 ? 1 : 0;
                    }
                    case Wire.DATA -> seen.countDown();
                    case Wire.RST_STREAM -> {
                        return new Seen(status, interim, false, frame.word(0));
                    }
                    default -> {}
                }
                if (frame.stream() == 1 && frame.isEnd()) {
                    return new Seen(status, interim, true, -1);
                }
            }
        }
        return new Seen(status, interim, false, -1);
    }

    private Seen cross(Http client, App app, HttpRule rule, String flags) throws Exception {
        serve(app);
        try (Crossing crossing =
                new Crossing(client, app.http(), (InetSocketAddress) listening.getLocalSocketAddress(), rule)) {
            Seen result = ask(client, crossing.port());
            assertThat(crossing.logged()).contains("\"response_flags\":\"" + flags + "\"");
            return result;
        }
    }

    private static Stream<Arguments> forBoth(Arguments... rows) {
        return Stream.of(rows)
                .flatMap(row -> Stream.of(Http.values()).map(client -> {
                    Object[] cells = row.get();
                    Object[] all = new Object[cells.length + 1];
                    all[0] = client;
                    System.arraycopy(cells, 0, all, 1, cells.length);
                    return arguments(all);
                }));
    }

    private static Arguments one(String name, String flags, Script<Socket> script) {
        return arguments(name + " by HTTP/1.1", flags, new App.One(script));
    }

    private static Arguments two(String name, String flags, Script<Wire> script) {
        return arguments(name + " by HTTP/2", flags, new App.Two(script));
    }

    private static final String CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";

    static Stream<Arguments> brokenBodies() {
        return forBoth(
                one("fewer bytes than content-length", "UC", says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")),
                one("half a chunk", "UC", says(CHUNKED + "5\r\nab")),
                one("no last chunk", "UC", says(CHUNKED)),
                one("a chunk that is none", "UPE", (app, stage) -> {
                    say(app, CHUNKED);
                    stage.untilSeen();
                    say(app, "zz\r\n");
                    stage.untilOver();
                }),
                one("a reset within content-length", "UC", (app, stage) -> {
                    say(app, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello");
                    stage.untilSeen();
                    reset(app);
                }),
                one("a reset of what the connection's end would end", "UC", (app, stage) -> {
                    say(app, "HTTP/1.1 200 OK\r\n\r\nhello");
                    stage.untilSeen();
                    reset(app);
                }),
                two("fewer bytes than content-length", "UPE", (app, stage) -> {
                    head(app, "content-length", "9").frame(Wire.DATA, Wire.END_STREAM, 3, HELLO);
                    app.send();
                    stage.untilOver();
                }),
                two("more bytes than content-length", "UPE", (app, stage) -> {
                    hello(app, "content-length", "6").send();
                    stage.untilSeen();
                    app.frame(Wire.DATA, 0, 3, HELLO).send();
                    stage.untilOver();
                }),
                two("malformed trailers", "UPE", (app, stage) -> {
                    hello(app).send();
                    stage.untilSeen();
                    app.headers(3, Wire.END, "content-length", "5").send();
                    stage.untilOver();
                }),
                two("RST_STREAM within the body", "UR", (app, stage) -> {
                    hello(app, "content-length", "6").send();
                    stage.untilSeen();
                    app.frame(Wire.RST_STREAM, 0, 3, Wire.word(INTERNAL_ERROR)).send();
                    stage.untilOver();
                }),
                two("RST_STREAM without an error", "UR", (app, stage) -> {
                    hello(app).send();
                    stage.untilSeen();
                    app.frame(Wire.RST_STREAM, 0, 3, Wire.word(0)).send();
                    stage.untilOver();
                }),
                two("a closed connection", "UC", (app, stage) -> {
                    hello(app).send();
                    stage.untilSeen();
                    app.close();
                }));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}: {2}")
    @MethodSource("brokenBodies")
    void aResponseThatBreaksOffIsNeverWholeForItsClient(Http client, String name, String flags, App app)
            throws Exception {
        assertThat(cross(client, app, PLAIN, flags))
                .isEqualTo(new Seen(200, 0, false, client == Http.TWO ? INTERNAL_ERROR : -1));
    }

    static Stream<Arguments> stalls() {
        return forBoth(
                one("a stall", "UT", (app, stage) -> {
                    say(app, CHUNKED);
                    stage.untilOver();
                }),
                two("a stall", "UT", (app, stage) -> {
                    hello(app).send();
                    stage.untilOver();
                }));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}")
    @MethodSource("stalls")
    void aTimeoutAfterTheHeadBreaksTheResponseOff(Http client, String name, String flags, App app) throws Exception {
        assertThat(cross(client, app, TIMED, flags))
                .isEqualTo(new Seen(200, 0, false, client == Http.TWO ? INTERNAL_ERROR : -1));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}")
    @MethodSource("stalls")
    void aResponseWithoutAByteForTooLongIsBrokenOff(Http client, String name, String flags, App app) throws Exception {
        assertThat(cross(client, app, WATCHED, "SI"))
                .isEqualTo(new Seen(200, 0, false, client == Http.TWO ? INTERNAL_ERROR : -1));
    }

    static Stream<Arguments> wholeBodies() {
        return forBoth(
                one("an end by the connection's end", "-", says("HTTP/1.1 200 OK\r\n\r\nhello")),
                one(
                        "bytes behind a response",
                        "-",
                        says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello, and more")),
                two("bytes behind a response", "-", (app, stage) -> {
                    head(app)
                            .frame(Wire.DATA, Wire.END_STREAM, 3, HELLO)
                            .frame(Wire.DATA, 0, 3, HELLO)
                            .send();
                    stage.untilOver();
                }));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}")
    @MethodSource("wholeBodies")
    void whatIsWholeStaysWholeWhateverComesBehindIt(Http client, String name, String flags, App app) throws Exception {
        assertThat(cross(client, app, PLAIN, flags)).isEqualTo(new Seen(200, 0, true, -1));
    }

    private static Arguments early(Arguments row, int status) {
        Object[] cells = row.get();
        return arguments(cells[0], cells[1], cells[2], status);
    }

    static Stream<Arguments> noResponses() {
        return forBoth(
                early(one("an end", "UC", (app, stage) -> {}), 503),
                early(one("a reset", "UC", (app, stage) -> reset(app)), 503),
                early(one("half a head", "UC", says("HTTP/1.1 200 OK\r\ncont")), 503),
                early(one("what is no HTTP", "UPE", says("220 mail\r\n\r\n")), 502),
                early(
                        one(
                                "two framings",
                                "UPE",
                                says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n")),
                        502),
                early(
                        two("RST_STREAM", "UR", (app, stage) -> {
                            app.frame(Wire.RST_STREAM, 0, 3, Wire.word(INTERNAL_ERROR))
                                    .send();
                            stage.untilOver();
                        }),
                        503),
                early(two("an end", "UC", (app, stage) -> app.close()), 503),
                early(
                        two("a malformed head", "UPE", (app, stage) -> {
                            app.headers(3, Wire.END, ":status", "20x").send();
                            stage.untilOver();
                        }),
                        502));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}: {3}, {2}")
    @MethodSource("noResponses")
    void whereNothingWasSentYetTheClientIsAnswered(Http client, String name, String flags, App app, int status)
            throws Exception {
        assertThat(cross(client, app, PLAIN, flags)).isEqualTo(new Seen(status, 0, true, -1));
    }

    static Stream<Arguments> silences() {
        return forBoth(
                one("silence", "UT", (app, stage) -> stage.untilOver()),
                two("silence", "UT", (app, stage) -> stage.untilOver()));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}")
    @MethodSource("silences")
    void anAppThatDoesNotAnswerInTimeIsAnsweredForWith504(Http client, String name, String flags, App app)
            throws Exception {
        assertThat(cross(client, app, TIMED, flags)).isEqualTo(new Seen(504, 0, true, -1));
    }

    static Stream<Arguments> floods() {
        return forBoth(
                one("interim responses for ever", "UPE", (app, stage) -> {
                    while (true) {
                        say(app, "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n");
                    }
                }),
                two("interim responses for ever", "UPE", (app, stage) -> {
                    while (true) {
                        app.headers(3, Wire.END_HEADERS, ":status", "103").send();
                    }
                }));
    }

    @ParameterizedTest(name = "{1} to a client of HTTP {0}")
    @MethodSource("floods")
    void interimResponsesHaveAnEnd(Http client, String name, String flags, App app) throws Exception {
        assertThat(cross(client, app, PLAIN, flags)).isEqualTo(new Seen(502, 16, true, -1));
    }
}

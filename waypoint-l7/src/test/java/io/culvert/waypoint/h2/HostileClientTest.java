package io.culvert.waypoint.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseHead;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a client may send that is no request, over a socket: the right answer, nothing for the app, nobody else hurt. */
final class HostileClientTest {
    private static final EchoApp APP = new EchoApp();
    private static Loopback server;
    private static Wire bystander;
    private static int bystanderStream = 1;

    @BeforeAll
    static void start() throws IOException {
        server = new Loopback(APP, H2Settings.DEFAULT);
        bystander = Wire.connect(server.port());
    }

    @AfterAll
    static void stop() throws IOException {
        bystander.close();
        server.close();
    }

    @BeforeEach
    void forget() {
        APP.seen.clear();
        APP.resets.clear();
        server.connectionErrors.clear();
    }

    /** Another connection is served as before. */
    private static void assertOthersGoOn() throws IOException, Http2Exception {
        bystander.get(bystanderStream, "/other").send();
        assertThat(bystander.awaitHead(bystanderStream).status()).hasToString("200");
        bystanderStream += 2;
        APP.seen.remove("GET /other");
    }

    private static final String[] REQUEST = {":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/"};

    private static String[] with(String... more) {
        String[] all = new String[REQUEST.length + more.length];
        System.arraycopy(REQUEST, 0, all, 0, REQUEST.length);
        System.arraycopy(more, 0, all, REQUEST.length, more.length);
        return all;
    }

    private static String[] only(String... fields) {
        return fields;
    }

    static Stream<Arguments> malformedHeads() {
        return Stream.of(
                arguments("an upper-case name", with("Accept", "a")),
                arguments("connection", with("connection", "close")),
                arguments("keep-alive", with("keep-alive", "5")),
                arguments("proxy-connection", with("proxy-connection", "close")),
                arguments("transfer-encoding", with("transfer-encoding", "chunked")),
                arguments("upgrade", with("upgrade", "websocket")),
                arguments("te other than trailers", with("te", "gzip")),
                arguments(
                        "a pseudo-field after a regular one",
                        only(":method", "GET", ":scheme", "http", ":path", "/", "a", "b", ":authority", "shop")),
                arguments("no :method", only(":scheme", "http", ":authority", "shop", ":path", "/")),
                arguments("no :scheme", only(":method", "GET", ":authority", "shop", ":path", "/")),
                arguments("no :path", only(":method", "GET", ":scheme", "http", ":authority", "shop")),
                arguments("no pseudo-field at all", only("a", "b")),
                arguments("no field at all", only()),
                arguments(":path twice", with(":path", "/b")),
                arguments(":authority twice", with(":authority", "shop")),
                arguments(":path empty", only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "")),
                arguments(":method empty", only(":method", "", ":scheme", "http", ":authority", "shop", ":path", "/")),
                arguments(
                        ":authority empty", only(":method", "GET", ":scheme", "http", ":authority", "", ":path", "/")),
                arguments("a pseudo-field that nobody knows", with(":colour", "red")),
                arguments(":status", with(":status", "200")),
                arguments(":protocol, which was not offered", with(":protocol", "websocket")),
                arguments(
                        ":path without a slash",
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "a/b")),
                arguments(
                        ":path with a whole URI",
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "http://shop/")),
                arguments(
                        "* for anything but OPTIONS",
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "*")),
                arguments(
                        ":method that is no token",
                        only(":method", "GE T", ":scheme", "http", ":authority", "shop", ":path", "/")),
                arguments(":method PRI", only(":method", "PRI", ":scheme", "http", ":authority", "shop", ":path", "/")),
                arguments(
                        "CR LF in :path",
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/\r\nx: y")),
                arguments("content-length without a body", with("content-length", "5")),
                arguments("content-length with a sign", with("content-length", "+0")),
                arguments("content-length in hex", with("content-length", "0x0")),
                arguments("content-length empty", with("content-length", "")),
                arguments("content-length beyond any size", with("content-length", "99999999999999999999")),
                arguments("content-length as a list", with("content-length", "0, 0")),
                arguments("content-length twice", with("content-length", "0", "content-length", "0")),
                arguments("space before a value", with("a", " b")),
                arguments("space after a value", with("a", "b ")),
                arguments("a tab after a value", with("a", "b\t")),
                arguments("NUL in a value", with("a", "b\0c")),
                arguments("CR in a value", with("a", "b\rc")),
                arguments("LF in a value", with("a", "b\nc: d")),
                arguments("DEL in a value", with("a", "b\u007fc")),
                arguments("an empty name", with("", "b")),
                arguments("a space in a name", with("a b", "c")),
                arguments("a colon in a name", with("a:b", "c")),
                arguments("LF in a name", with("a\nb", "c")),
                arguments("a name beyond ASCII", with("caf\u00e9", "c")),
                arguments("host unlike :authority", with("host", "admin")),
                arguments("host twice", with("host", "shop", "host", "shop")),
                arguments(
                        "CONNECT with :path",
                        only(":method", "CONNECT", ":scheme", "http", ":authority", "shop:80", ":path", "/")),
                arguments("CONNECT without :authority", only(":method", "CONNECT")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformedHeads")
    void aStreamWhoseHeadIsMalformedIsReset(String name, String[] fields) throws Exception {
        try (Wire client = Wire.connect(server.port())) {
            client.headers(1, Wire.END, fields).get(3, "/good").send();
            Wire.Frame reset = client.await(frame -> frame.stream() == 1);
            assertThat(reset.type()).isEqualTo(Wire.RST_STREAM);
            assertThat(reset.word(0)).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
            assertThat(client.awaitHead(3).status()).hasToString("200");
        }
        assertThat(APP.seen).containsExactly("GET /good");
        assertOthersGoOn();
    }

    static Stream<Arguments> refusedHeads() {
        String[] manyFields = with();
        String[] largeField = with("a", "b".repeat(60 * 1024));
        String[] farTooLarge = with("a", "b".repeat(125 * 1024));
        for (int i = 0; i < 101; i++) {
            manyFields = append(manyFields, "a" + i, "b");
        }
        return Stream.of(
                arguments("CONNECT", 501, only(":method", "CONNECT", ":authority", "shop:80")),
                arguments("no authority", 400, only(":method", "GET", ":scheme", "http", ":path", "/")),
                arguments(
                        "an authority with a user",
                        400,
                        only(":method", "GET", ":scheme", "http", ":authority", "a@shop", ":path", "/")),
                arguments(
                        "an authority with a slash",
                        400,
                        only(":method", "GET", ":scheme", "http", ":authority", "shop/x", ":path", "/")),
                arguments("host that is no authority", 400, with("host", "shop/x")),
                arguments(
                        "another scheme",
                        400,
                        only(":method", "GET", ":scheme", "ftp", ":authority", "shop", ":path", "/")),
                arguments(
                        "an encoded NUL in the path",
                        400,
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/%00")),
                arguments(
                        "a space in the path",
                        400,
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/a b")),
                arguments(
                        "a byte beyond ASCII in the path",
                        400,
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/\u00fc")),
                arguments(
                        "a fragment in the path",
                        400,
                        only(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/a#b")),
                arguments("101 fields", 431, manyFields),
                arguments("60 KiB of fields", 431, largeField),
                arguments("125 KiB of fields", 431, farTooLarge));
    }

    private static String[] append(String[] to, String name, String value) {
        String[] all = java.util.Arrays.copyOf(to, to.length + 2);
        all[to.length] = name;
        all[to.length + 1] = value;
        return all;
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refusedHeads")
    void whatIsHttp2ButNoGoodRequestIsAnswered(String name, int status, String[] fields) throws Exception {
        try (Wire client = Wire.connect(server.port())) {
            sendBlock(client, Wire.block(fields));
            client.get(3, "/good").send();
            assertThat(client.awaitHead(1).status()).hasToString(Integer.toString(status));
            assertThat(client.awaitHead(3).status()).hasToString("200");
        }
        assertThat(APP.seen).containsExactly("GET /good");
        assertOthersGoOn();
    }

    /** A block of any size, in as many frames as that takes. */
    private static void sendBlock(Wire client, byte[] block) {
        int type = Wire.HEADERS;
        for (int at = 0; at < block.length; at += 16_384) {
            int end = Math.min(block.length, at + 16_384);
            int flags = (type == Wire.HEADERS ? Wire.END_STREAM : 0) | (end == block.length ? Wire.END_HEADERS : 0);
            client.frame(type, flags, 1, java.util.Arrays.copyOfRange(block, at, end));
            type = Wire.CONTINUATION;
        }
    }

    @FunctionalInterface
    interface Attack {
        void on(Wire client) throws IOException;
    }

    static Stream<Arguments> malformedBodies() {
        return Stream.of(
                arguments("more data than content-length", (Attack)
                        c -> c.post(1, "content-length", "3").frame(Wire.DATA, 0, 1, new byte[4])),
                arguments("less data than content-length", (Attack)
                        c -> c.post(1, "content-length", "3").frame(Wire.DATA, Wire.END_STREAM, 1, new byte[2])),
                arguments("trailers before content-length is reached", (Attack)
                        c -> c.post(1, "content-length", "3").headers(1, Wire.END, "a", "b")),
                arguments(
                        "trailers with a pseudo-field", (Attack) c -> c.post(1).headers(1, Wire.END, ":path", "/b")),
                arguments("trailers with content-length", (Attack)
                        c -> c.post(1).headers(1, Wire.END, "content-length", "0")),
                arguments("trailers with transfer-encoding", (Attack)
                        c -> c.post(1).headers(1, Wire.END, "transfer-encoding", "chunked")),
                arguments("trailers with host", (Attack) c -> c.post(1).headers(1, Wire.END, "host", "shop")),
                arguments("trailers that are not the end", (Attack)
                        c -> c.post(1).headers(1, Wire.END_HEADERS, "a", "b")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformedBodies")
    void aStreamWhoseBodyIsMalformedIsResetOnBothSides(String name, Attack attack) throws Exception {
        try (Wire client = Wire.connect(server.port())) {
            attack.on(client);
            client.get(3, "/good").send();
            assertThat(client.await(Wire.RST_STREAM, 1).word(0)).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
            assertThat(client.awaitHead(3).status()).hasToString("200");
        }
        assertThat(APP.resets).singleElement().asString().startsWith("PROTOCOL");
        assertOthersGoOn();
    }

    static Stream<Arguments> floods() {
        return Stream.of(
                arguments("PING", (Attack) c -> repeat(c, 4000, i -> c.frame(Wire.PING, 0, 0, new byte[8]))),
                arguments("PING acknowledgements", (Attack)
                        c -> repeat(c, 4000, i -> c.frame(Wire.PING, Wire.ACK, 0, new byte[8]))),
                arguments("SETTINGS", (Attack) c -> repeat(c, 400, i -> c.frame(Wire.SETTINGS, 0, 0))),
                arguments("SETTINGS acknowledgements", (Attack)
                        c -> repeat(c, 4000, i -> c.frame(Wire.SETTINGS, Wire.ACK, 0))),
                arguments("empty DATA", (Attack) c -> {
                    c.post(1);
                    repeat(c, 3, i -> c.frame(Wire.DATA, 0, 1));
                }),
                arguments("padded empty DATA", (Attack) c -> {
                    c.post(1);
                    repeat(c, 3, i -> c.frame(Wire.DATA, 8, 1, (byte) 3, (byte) 0, (byte) 0, (byte) 0));
                }),
                arguments("PRIORITY", (Attack) c -> repeat(c, 2000, i -> c.frame(Wire.PRIORITY, 0, 1, new byte[5]))),
                arguments("WINDOW_UPDATE of the connection", (Attack)
                        c -> repeat(c, 8000, i -> c.frame(Wire.WINDOW_UPDATE, 0, 0, Wire.word(1)))),
                arguments("WINDOW_UPDATE of a stream that is over", (Attack) c -> {
                    c.get(1, "/good");
                    repeat(c, 8000, i -> c.frame(Wire.WINDOW_UPDATE, 0, 1, Wire.word(1)));
                }),
                arguments("rapid reset", (Attack) c ->
                        repeat(c, 1000, i -> c.post(2 * i + 1).frame(Wire.RST_STREAM, 0, 2 * i + 1, Wire.word(8)))),
                arguments("made to reset, by an update of zero", (Attack) c ->
                        repeat(c, 400, i -> c.post(2 * i + 1).frame(Wire.WINDOW_UPDATE, 0, 2 * i + 1, Wire.word(0)))),
                arguments("made to reset, by malformed heads", (Attack) c ->
                        repeat(c, 400, i -> c.headers(2 * i + 1, Wire.END, "A", "b"))),
                arguments("empty CONTINUATION", (Attack) c -> {
                    c.frame(Wire.HEADERS, 0, 1);
                    repeat(c, 40, i -> c.frame(Wire.CONTINUATION, 0, 1));
                }),
                arguments("frames of a kind that nobody knows", (Attack)
                        c -> repeat(c, 4000, i -> c.frame(99, 0, 0, new byte[8]))),
                arguments("GOAWAY", (Attack) c -> repeat(c, 40, i -> c.frame(Wire.GOAWAY, 0, 0, new byte[8]))),
                arguments("resets of streams that are over", (Attack) c -> {
                    c.get(1, "/good");
                    repeat(c, 4000, i -> c.frame(Wire.RST_STREAM, 0, 1, Wire.word(8)));
                }));
    }

    @FunctionalInterface
    private interface Step {
        void at(int i) throws IOException;
    }

    private static void repeat(Wire client, int times, Step step) throws IOException {
        for (int i = 0; i < times; i++) {
            step.at(i);
        }
        client.sendAnyway();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("floods")
    void aFloodEndsItsConnectionAndNoOther(String name, Attack attack) throws Exception {
        try (Wire client = Wire.connect(server.port())) {
            attack.on(client);
            assertThat(client.awaitGoAway()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
            while (client.read() != null) {
                // until the server has closed the connection
            }
        }
        assertThat(server.connectionErrors).containsExactly(Http2Error.ENHANCE_YOUR_CALM);
        assertOthersGoOn();
    }

    @Test
    void aHeadThatDoesNotEndEndsItsConnection() throws Exception {
        try (Wire client = Wire.connect(server.port())) {
            client.frame(Wire.HEADERS, 0, 1, new byte[16_384]);
            repeat(client, 20, i -> client.frame(Wire.CONTINUATION, 0, 1, new byte[16_384]));
            assertThat(client.awaitGoAway()).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        }
        assertThat(server.connectionErrors).containsExactly(Http2Error.PROTOCOL_ERROR);
        assertOthersGoOn();
    }

    @Test
    void streamsBeyondTheLimitAreRefusedAndTheOthersServed() throws Exception {
        try (Wire client = Wire.connect(server.port())) {
            for (int i = 0; i <= H2Settings.DEFAULT.maxStreams(); i++) {
                client.post(2 * i + 1);
            }
            client.send();
            int tooMany = 2 * H2Settings.DEFAULT.maxStreams() + 1;
            assertThat(client.await(Wire.RST_STREAM, tooMany).word(0))
                    .isEqualTo((int) Http2Error.REFUSED_STREAM.code());
            client.frame(Wire.DATA, Wire.END_STREAM, 1, new byte[3]).send();
            assertThat(client.awaitHead(1).status()).hasToString("200");
        }
        assertThat(APP.seen).hasSize(H2Settings.DEFAULT.maxStreams());
        assertOthersGoOn();
    }

    @Test
    @Timeout(60)
    void aClientThatAsksAndDoesNotReadIsCutOff() throws Exception {
        Fields large = new Fields().add("x", "y".repeat(8192));
        try (Loopback chatty = new Loopback(e -> e.respond(new ResponseHead(200, large), true), H2Settings.DEFAULT);
                Wire client = Wire.connect(chatty.port())) {
            // Sending blocks while the server does not keep up: no need to count.
            for (int id = 1; chatty.connectionErrors.isEmpty(); id += 2) {
                client.get(id, "/").sendAnyway();
            }
            assertThat(chatty.connectionErrors).containsExactly(Http2Error.ENHANCE_YOUR_CALM);
        }
        assertOthersGoOn();
    }
}

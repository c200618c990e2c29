package io.culvert.waypoint.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What an app may answer, over a socket, with frames made by hand. The first stream is 3: Netty keeps 1 for upgrades. */
@Timeout(60)
final class HostileAppTest {
    private ServerSocket listening;

    @BeforeEach
    void listen() throws IOException {
        listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        listening.close();
    }

    private Wire accept(byte... settings) throws IOException {
        return Wire.accepted(listening.accept(), settings);
    }

    private ClientEnd connect() {
        return new ClientEnd(listening.getLocalPort(), H2Settings.DEFAULT);
    }

    @FunctionalInterface
    interface Reply {
        void on(Wire app) throws IOException;
    }

    static Stream<Arguments> replies() {
        return Stream.of(
                arguments("no :status", "reset PROTOCOL", (Reply) a -> a.headers(3, Wire.END, "a", "b")),
                arguments("a :status that is none", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "20x")),
                arguments("a :status beyond 599", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "600")),
                arguments(":status twice", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "200", ":status", "200")),
                arguments("a request's pseudo-field", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "200", ":path", "/")),
                arguments("connection", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "200", "connection", "close")),
                arguments("transfer-encoding", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END_HEADERS, ":status", "200", "transfer-encoding", "chunked")),
                arguments("an upper-case name", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "200", "Server", "a")),
                arguments("LF in a value", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "200", "a", "b\nc: d")),
                arguments("content-length without a body", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "200", "content-length", "5")),
                arguments("101", "reset PROTOCOL", (Reply) a -> a.headers(3, Wire.END_HEADERS, ":status", "101")),
                arguments("an interim response as the end", "reset PROTOCOL", (Reply)
                        a -> a.headers(3, Wire.END, ":status", "100")),
                arguments("REFUSED_STREAM", "reset REFUSED", (Reply) a -> a.frame(Wire.RST_STREAM, 0, 3, Wire.word(7))),
                arguments("CANCEL", "reset CANCELLED", (Reply) a -> a.frame(Wire.RST_STREAM, 0, 3, Wire.word(8))),
                arguments(
                        "INTERNAL_ERROR", "reset CANCELLED", (Reply) a -> a.frame(Wire.RST_STREAM, 0, 3, Wire.word(2))),
                arguments("GOAWAY that has not seen the request", "reset REFUSED", (Reply)
                        a -> a.frame(Wire.GOAWAY, 0, 0, new byte[8])),
                arguments("a push", "reset CONNECTION_LOST", (Reply)
                        a -> a.frame(5, Wire.END_HEADERS, 3, new byte[] {0, 0, 0, 2, (byte) 0x88})),
                arguments("a closed connection", "reset CONNECTION_LOST", (Reply) Wire::close));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("replies")
    void anAnswerThatIsNoneIsAReset(String name, String expected, Reply reply) throws Exception {
        try (ClientEnd end = connect();
                Wire app = accept()) {
            ClientEnd.Answer answer = end.send("GET", "/", true);
            app.await(Wire.HEADERS, 3);
            reply.on(app);
            app.sendAnyway();
            assertThat(answer.next()).isEqualTo(expected);
            assertThat(answer.events).isEmpty();
        }
    }

    static Stream<Arguments> bodies() {
        return Stream.of(
                arguments("more data than content-length", (Reply)
                        a -> a.headers(3, Wire.END_HEADERS, ":status", "200", "content-length", "3")
                                .frame(Wire.DATA, 0, 3, new byte[4])),
                arguments("less data than content-length", (Reply)
                        a -> a.headers(3, Wire.END_HEADERS, ":status", "200", "content-length", "3")
                                .frame(Wire.DATA, Wire.END_STREAM, 3, new byte[2])),
                arguments("data after 204", (Reply)
                        a -> a.headers(3, Wire.END_HEADERS, ":status", "204").frame(Wire.DATA, 0, 3, new byte[2])),
                arguments("a second head", (Reply)
                        a -> a.headers(3, Wire.END_HEADERS, ":status", "200").headers(3, Wire.END, ":status", "200")),
                arguments("trailers with content-length", (Reply) a ->
                        a.headers(3, Wire.END_HEADERS, ":status", "200").headers(3, Wire.END, "content-length", "0")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bodies")
    void aBodyThatLiesIsResetAfterItsHead(String name, Reply reply) throws Exception {
        try (ClientEnd end = connect();
                Wire app = accept()) {
            ClientEnd.Answer answer = end.send("GET", "/", true);
            app.await(Wire.HEADERS, 3);
            reply.on(app);
            app.send();
            assertThat(answer.next()).startsWith("head ");
            assertThat(answer.next()).isEqualTo("reset PROTOCOL");
            ClientEnd.Answer good = end.send("GET", "/", true);
            app.await(Wire.HEADERS, 5);
            app.headers(5, Wire.END, ":status", "200").send();
            assertThat(good.next()).isEqualTo("head 200 end");
        }
    }

    @Test
    void interimResponsesHaveAnEnd() throws Exception {
        try (ClientEnd end = connect();
                Wire app = accept()) {
            ClientEnd.Answer answer = end.send("GET", "/", true);
            app.await(Wire.HEADERS, 3);
            for (int i = 0; i < 20; i++) {
                app.headers(3, Wire.END_HEADERS, ":status", "103");
            }
            app.send();
            for (int i = 0; i < 16; i++) {
                assertThat(answer.next()).isEqualTo("interim 103");
            }
            assertThat(answer.next()).isEqualTo("reset PROTOCOL");
        }
    }

    @Test
    void goAwayRetiresTheConnectionAndWhatWasSeenIsAnswered() throws Exception {
        try (ClientEnd end = connect();
                Wire app = accept()) {
            ClientEnd.Answer seen = end.send("GET", "/first", true);
            ClientEnd.Answer unseen = end.send("GET", "/second", true);
            app.await(Wire.HEADERS, 5);
            app.frame(Wire.GOAWAY, 0, 0, new byte[] {0, 0, 0, 3, 0, 0, 0, 0}).send();
            assertThat(unseen.next()).isEqualTo("reset REFUSED");
            assertThat(end.onLoop(end.client::capacity)).isZero();
            app.headers(3, Wire.END, ":status", "200").send();
            assertThat(seen.next()).isEqualTo("head 200 end");
            while (app.read() != null) {
                // until the client has closed the connection
            }
            assertThat(end.onLoop(end.client::active)).isZero();
        }
    }

    @Test
    void theAppSaysHowManyStreamsThereMayBe() throws Exception {
        try (ClientEnd end = connect();
                Wire app = accept(Wire.setting(3, 2))) {
            app.await(frame -> frame.type() == Wire.SETTINGS && frame.flags() == Wire.ACK);
            assertThat(end.onLoop(end.client::capacity)).isEqualTo(2);
            end.send("GET", "/first", true);
            ClientEnd.Answer second = end.send("GET", "/second", true);
            assertThat(end.onLoop(end.client::capacity)).isZero();
            app.await(Wire.HEADERS, 5);
            end.told.clear();
            app.headers(5, Wire.END, ":status", "200").send();
            assertThat(second.next()).isEqualTo("head 200 end");
            assertThat(end.next()).isEqualTo("capacity 1");
        }
    }

    @Test
    void anAppThatGivesNoSignOfLifeIsLeft() throws Exception {
        H2Settings quick = new H2Settings(
                100,
                1000,
                65_535,
                60 * 1024,
                100,
                64 * 1024,
                1024 * 1024,
                Duration.ofHours(1),
                Duration.ofMillis(200),
                H2Settings.DEFAULT.paths());
        try (ClientEnd end = new ClientEnd(listening.getLocalPort(), quick);
                Wire app = accept()) {
            ClientEnd.Answer answer = end.send("GET", "/", true);
            assertThat(app.await(Wire.PING, 0).flags()).isZero();
            assertThat(answer.next()).isEqualTo("reset CONNECTION_LOST");
        }
    }
}

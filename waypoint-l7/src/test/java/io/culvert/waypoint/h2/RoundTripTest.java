package io.culvert.waypoint.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client's end against the server's over a socket. */
@Timeout(60)
final class RoundTripTest {
    @Test
    void bodyAndTrailersTravelBothWays() throws Exception {
        try (Loopback server = new Loopback(new EchoApp(), H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            ClientEnd.Answer answer = end.send("POST", "/echo", false);
            end.run(() -> {
                answer.exchange().write(ClientEnd.Answer.text("one "));
                answer.exchange().write(ClientEnd.Answer.text("two"));
                answer.exchange().end(new Fields().add("grpc-status", "0"));
            });
            assertThat(answer.next()).isEqualTo("head 200");
            assertThat(answer.next()).isEqualTo("end grpc-status: 0");
            assertThat(answer.body()).isEqualTo("one two");
        }
    }

    @Test
    void headsKeepTheModel() throws Exception {
        BlockingQueue<RequestHead> seen = new LinkedBlockingQueue<>();
        try (Loopback server = new Loopback(
                        e -> {
                            seen.add(e.request());
                            e.respond(new ResponseHead(204, new Fields().add("x", "y")), true);
                        },
                        H2Settings.DEFAULT);
                Wire client = Wire.connect(server.port())) {
            client.headers(
                            1,
                            Wire.END,
                            ":method",
                            "GET",
                            ":scheme",
                            "http",
                            ":path",
                            "/a/../b%41?q",
                            ":authority",
                            "Shop:80",
                            "host",
                            "shop:80",
                            "te",
                            "trailers",
                            "cookie",
                            "a=1",
                            "accept",
                            "b",
                            "cookie",
                            "c=2",
                            "x-envoy-retry-on",
                            "5xx",
                            "proxy-authorization",
                            "secret")
                    .send();
            RequestHead head = seen.poll(10, TimeUnit.SECONDS);
            assertThat(head).isNotNull();
            assertThat(head.authority()).isEqualTo("shop:80");
            assertThat(head.path()).isEqualTo("/bA?q");
            assertThat(head.upgrade()).isEmpty();
            assertThat(head.fields()).hasToString("te: trailers\naccept: b\ncookie: a=1; c=2\n");
            assertThat(client.awaitHead(1).status()).hasToString("204");
        }
    }

    @Test
    void interimResponsesComeBeforeTheFinalOne() throws Exception {
        try (Loopback server = new Loopback(
                        e -> {
                            e.inform(new ResponseHead(103, new Fields().add("link", "</a>")));
                            e.respond(new ResponseHead(200, new Fields()), true);
                        },
                        H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            ClientEnd.Answer answer = end.send("GET", "/", true);
            assertThat(answer.next()).isEqualTo("interim 103");
            assertThat(answer.next()).isEqualTo("head 200 end");
        }
    }

    @Test
    void aResponseToHeadHasNoBodyWhateverIsWritten() throws Exception {
        try (Loopback server = new Loopback(
                        e -> {
                            e.respond(new ResponseHead(200, new Fields().add("content-length", "5")), false);
                            e.write(ClientEnd.Answer.text("hello"));
                            e.end(null);
                        },
                        H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            ClientEnd.Answer answer = end.send("HEAD", "/", true);
            assertThat(answer.next()).isEqualTo("head 200 end");
            assertThat(answer.head().fields().get("content-length")).isEqualTo("5");
            assertThat(end.send("GET", "/", true).next()).isEqualTo("head 200");
        }
    }

    @Test
    void anEarlyResponseEndsTheRequestWithoutAnError() throws Exception {
        try (Loopback server =
                        new Loopback(e -> e.respond(new ResponseHead(413, new Fields()), true), H2Settings.DEFAULT);
                Wire client = Wire.connect(server.port())) {
            client.post(1).frame(Wire.DATA, 0, 1, new byte[100]).send();
            assertThat(client.awaitHead(1).status()).hasToString("413");
            assertThat(client.await(Wire.RST_STREAM, 1).word(0)).isZero();
            // What was on its way when the client heard of it is no fault of it.
            client.frame(Wire.DATA, 0, 1, new byte[100]).post(3).send();
            assertThat(client.awaitHead(3).status()).hasToString("413");
        }
    }

    @Test
    void aResetOfEitherSideReachesTheOther() throws Exception {
        BlockingQueue<ServerExchange> seen = new LinkedBlockingQueue<>();
        EchoApp echo = new EchoApp();
        try (Loopback server = new Loopback(
                        e -> {
                            if (e.request().path().equals("/refused")) {
                                e.reset(StreamError.REFUSED);
                            } else {
                                echo.onRequest(e);
                                seen.add(e);
                            }
                        },
                        H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            assertThat(end.send("GET", "/refused", true).next()).isEqualTo("reset REFUSED");
            ClientEnd.Answer given = end.send("POST", "/", false);
            ServerExchange exchange = seen.poll(10, TimeUnit.SECONDS);
            end.run(() -> given.exchange().reset(StreamError.TIMEOUT));
            assertThat(exchange).isNotNull();
            while (exchange.loop().submit(exchange::isOpen).get()) {
                Thread.onSpinWait();
            }
            assertThat(echo.resets).singleElement().asString().startsWith("CANCELLED");
            assertThat(given.events).isEmpty();
        }
    }

    @Test
    void aHundredRequestsShareAConnection() throws Exception {
        try (Loopback server = new Loopback(new EchoApp(), H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            List<ClientEnd.Answer> answers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                answers.add(end.send("POST", "/" + i, false));
            }
            for (int i = 0; i < 100; i++) {
                ClientEnd.Answer answer = answers.get(i);
                end.run(() -> {
                    answer.exchange().write(Unpooled.buffer(1000).writeZero(1000));
                    answer.exchange().end(null);
                });
            }
            for (ClientEnd.Answer answer : answers) {
                assertThat(answer.next()).isEqualTo("head 200");
                assertThat(answer.next()).isEqualTo("end");
                assertThat(answer.received).hasValue(1000);
            }
            assertThat(server.channels).hasSize(1);
        }
    }

    @Test
    void drainingServesWhatIsUnderWayAndCloses() throws Exception {
        try (Loopback server = new Loopback(new EchoApp(), H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            ClientEnd.Answer answer = end.send("POST", "/", false);
            end.run(() -> answer.exchange().write(ClientEnd.Answer.text("a")));
            assertThat(answer.next()).isEqualTo("head 200");
            server.channels.element().pipeline().fireUserEventTriggered(Http2Server.DRAIN);
            while (end.onLoop(end.client::capacity) > 0) {
                Thread.onSpinWait();
            }
            end.run(() -> {
                answer.exchange().write(ClientEnd.Answer.text("b"));
                answer.exchange().end(null);
            });
            assertThat(answer.next()).isEqualTo("end");
            assertThat(answer.body()).isEqualTo("ab");
            while (!end.next().equals("closed")) {
                // capacity
            }
        }
    }

    @Test
    void anUpgradeIsNoMatterForHttp2() throws Exception {
        try (Loopback server = new Loopback(new EchoApp(), H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            RequestHead head = new RequestHead("GET", "http", "shop", "/", new Fields(), "websocket");
            assertThatThrownBy(() -> end.onLoop(() -> end.client.send(head, true, new ClientEnd.Answer())))
                    .hasRootCauseInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("use HTTP/1.1");
        }
    }
}

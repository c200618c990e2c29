package io.culvert.waypoint.h1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Client, codec, codec, app: all over real sockets, and exact about every byte that either side sees. */
class RoundTripTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: web\r\n";
    private static final String EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    private static final String EMPTY_OUT = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    private final Loops loops = new Loops();
    private ServerSocket app;
    private Wire client;
    private Relay relay;

    @BeforeEach
    void connect() throws Exception {
        app = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        relay = new Relay((InetSocketAddress) app.getLocalSocketAddress());
        Http1Settings settings = Http1Settings.DEFAULT;
        InetSocketAddress address =
                loops.listen(() -> Http1Server.handler(relay, settings, "http", (status, detail) -> {}));
        client = new Wire(address);
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        app.close();
        loops.close();
    }

    private Wire accept() throws Exception {
        app.setSoTimeout(10_000);
        return new Wire(app.accept());
    }

    @Test
    void heads_are_written_anew() throws Exception {
        client.send("POST http://WEB:80/a/../b%2f%41?q=%zz HTTP/1.1\r\n"
                + "User-Agent:curl/8\r\nHOST:   Web:80  \r\nX-Forwarded-Client-Cert: By=me\r\nx-envoy-retry-on: 5xx\r\n"
                + "Keep-Alive: 5\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: gzip, trailers\r\nCookie: a=1\r\n"
                + "Content-Length: 0005\r\nCookie: b=2\r\nAccept: \t*/* \t\r\nX-Empty:\r\nX-Text: \u00fc\r\n\r\nhello");

        try (Wire server = accept()) {
            assertThat(server.readUntil("hello"))
                    .isEqualTo(
                            "POST /b%2fA?q=%zz HTTP/1.1\r\nhost: web:80\r\nuser-agent: curl/8\r\ncookie: a=1; b=2\r\n"
                                    + "accept: */*\r\nx-empty: \r\nx-text: \u00fc\r\ncontent-length: 5\r\n"
                                    + "connection: te\r\nte: trailers\r\n\r\nhello");
            server.send(
                    "HTTP/1.1 201 Fine\r\nServer: x\r\nConnection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
                            + "Content-Length: 4\r\n\r\ndone");
            assertThat(client.readUntil("done"))
                    .isEqualTo(
                            "HTTP/1.1 201 Created\r\nserver: x\r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 4\r\n\r\ndone");
        }
    }

    @Test
    void pipelined_requests_are_answered_in_order_on_one_connection_each() throws Exception {
        client.send((GET + "X: 1\r\n\r\n") + (GET + "X: 2\r\n\r\n") + (GET + "X: 3\r\nConnection: close\r\n\r\n"));

        try (Wire server = accept()) {
            for (int i = 1; i <= 3; i++) {
                assertThat(server.readUntil("\r\n\r\n")).contains("x: " + i + "\r\n");
                server.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + i);
            }
            assertThat(client.readAll())
                    .isEqualTo("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1"
                            + "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2"
                            + "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n3");
        }
        assertThat(relay.connections).isEqualTo(1);
    }

    @Test
    void bodies_without_length_are_chunked_and_trailers_travel() throws Exception {
        client.send("POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3;x=y\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\nAuthorization: no\r\n\r\n");

        try (Wire server = accept()) {
            assertThat(server.readUntil("0\r\nx-sum: 1\r\n\r\n"))
                    .isEqualTo("POST / HTTP/1.1\r\nhost: web\r\ntransfer-encoding: chunked\r\n\r\n"
                            + "3\r\nabc\r\na\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
            server.hangUp();
            assertThat(client.readUntil("0\r\n\r\n"))
                    .isEqualTo("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\nuntil the end\r\n0\r\n\r\n");
        }
    }

    @Test
    void expectations_and_interim_responses_travel() throws Exception {
        client.send("PUT / HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n");

        try (Wire server = accept()) {
            assertThat(server.readUntil("\r\n\r\n")).contains("expect: 100-continue\r\n");
            server.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
            assertThat(client.readUntil("link: x\r\n\r\n"))
                    .isEqualTo("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n");
            client.send("ok");
            server.readUntil("ok");
            server.send(EMPTY);
            assertThat(client.readUntil("\r\n\r\n")).isEqualTo(EMPTY_OUT);
        }
    }

    @Test
    void heads_without_body_keep_their_length() throws Exception {
        client.send("HEAD / HTTP/1.1\r\nHost: web\r\n\r\n" + GET + "If-None-Match: 1\r\n\r\n" + GET + "\r\n");

        try (Wire server = accept()) {
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n");
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 204 No Content\r\n\r\n");
            String last = "HTTP/1.1 204 No Content\r\n\r\n";
            assertThat(client.readUntil(last))
                    .isEqualTo("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"
                            + "HTTP/1.1 304 Not Modified\r\ncontent-length: 500\r\n\r\n" + last);
        }
    }

    @Test
    void an_accepted_upgrade_joins_both_sides_as_bytes_and_half_closes() throws Exception {
        client.send(GET + "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n");

        try (Wire server = accept()) {
            assertThat(server.readUntil("\r\n\r\n"))
                    .isEqualTo("GET / HTTP/1.1\r\nhost: web\r\nsec-websocket-key: k\r\n"
                            + "connection: upgrade\r\nupgrade: websocket\r\n\r\n");
            server.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: a\r\n\r\nfrom app");
            assertThat(client.readUntil("from app"))
                    .isEqualTo("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: a\r\n"
                            + "connection: upgrade\r\nupgrade: websocket\r\n\r\nfrom app");
            client.send("\u0000\r\n\r\nGET / HTTP/1.1\r\n").socket.shutdownOutput();
            assertThat(server.readAll()).isEqualTo("\u0000\r\n\r\nGET / HTTP/1.1\r\n");
            server.send("last words").hangUp();
            assertThat(client.readAll()).isEqualTo("last words");
        }
    }

    @Test
    void an_upgraded_connection_that_breaks_breaks_the_other_side_too() throws Exception {
        client.send(GET + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");

        try (Wire server = accept()) {
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
            client.readUntil("\r\n\r\n");
            server.socket.setSoLinger(true, 0);
            server.hangUp();
            assertThatThrownBy(client::readAll).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void a_refused_upgrade_leaves_the_next_request_a_request() throws Exception {
        client.send(GET + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + GET + "X: 2\r\n\r\n");

        try (Wire server = accept()) {
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n");
            assertThat(server.readUntil("\r\n\r\n")).isEqualTo("GET / HTTP/1.1\r\nhost: web\r\nx: 2\r\n\r\n");
            server.send(EMPTY);
            assertThat(client.readUntil(EMPTY_OUT)).startsWith("HTTP/1.1 426 Upgrade Required\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2c", "h2c, TLS/1.2", "TLS/1.0", "HTTP/2.0", "h2"})
    void nothing_is_upgraded_to_in_which_requests_would_go_unseen(String protocols) throws Exception {
        client.send(GET + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: " + protocols
                + "\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");

        try (Wire server = accept()) {
            assertThat(server.readUntil("\r\n\r\n")).isEqualTo("GET / HTTP/1.1\r\nhost: web\r\n\r\n");
        }
    }

    @Test
    void an_answer_before_the_request_is_complete_is_told_on_and_ends_both_connections() throws Exception {
        client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 100000\r\n\r\nbegun");

        try (Wire server = accept()) {
            server.readUntil("begun");
            server.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
            assertThat(client.readAll())
                    .isEqualTo("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
            assertThat(server.readAll()).isEmpty();
        }
    }

    @Test
    void an_app_that_breaks_off_within_its_answer_breaks_the_client_off() throws Exception {
        client.send(GET + "\r\n");

        try (Wire server = accept()) {
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
            client.readUntil("hel");
            server.hangUp();
            assertThat(client.readAll()).doesNotContain("0\r\n\r\n");
        }
    }

    @Test
    void a_client_that_goes_away_takes_its_request_along() throws Exception {
        client.send(GET + "\r\n");

        try (Wire server = accept()) {
            server.readUntil("\r\n\r\n");
            client.hangUp();
            assertThat(server.readAll()).isEmpty();
        }
    }

    @Test
    void a_slow_reader_holds_the_app_back_and_loses_nothing() throws Exception {
        int size = 48 << 20;
        client.send(GET + "\r\n");
        try (Wire server = accept()) {
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
            byte[] part = new byte[1 << 16];
            var sent = new AtomicInteger();
            CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
                try {
                    for (int i = 0; i < size; i += part.length) {
                        server.socket.getOutputStream().write(part);
                        sent.addAndGet(part.length);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            client.readUntil("\r\n\r\n");
            int before;
            do {
                before = sent.get();
            } while (settled(before, sent));
            assertThat(sent.get()).as("what fits into buffers on the way").isLessThan(size);
            InputStream in = client.socket.getInputStream();
            long got = 0;
            byte[] buffer = new byte[1 << 16];
            while (got < size) {
                int read = in.read(buffer);
                assertThat(read).isPositive();
                got += read;
            }
            sending.join();
            assertThat(got).isEqualTo(size);
        }
    }

    /** Whether it still grew within a while. */
    private static boolean settled(int before, AtomicInteger sent) throws Exception {
        long end = System.nanoTime() + Duration.ofMillis(300).toNanos();
        while (System.nanoTime() < end) {
            if (sent.get() != before) {
                return true;
            }
            LockSupport.parkNanos(10_000_000);
        }
        return false;
    }
}

package io.culvert.waypoint.h2;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Windows and credit in both directions, over a socket. */
@Timeout(60)
final class FlowControlTest {
    private static final int WINDOW = H2Settings.DEFAULT.streamWindow();

    /** Takes in what comes and gives no credit for it before it is told to. */
    private static class Stalled implements BodyReceiver {
        final ServerExchange exchange;
        final AtomicInteger received = new AtomicInteger();
        /** Owned by the loop. */
        private boolean flows;

        Stalled(ServerExchange exchange) {
            this.exchange = exchange;
            exchange.receiver(this);
        }

        @Override
        public void onData(ByteBuf data) {
            int bytes = data.readableBytes();
            data.release();
            received.addAndGet(bytes);
            if (flows) {
                exchange.consumed(bytes);
            }
        }

        /** Gives credit for what came, and from now on at once. */
        void flow() {
            exchange.loop().execute(() -> {
                flows = true;
                exchange.consumed(received.get());
            });
        }

        @Override
        public void onEnd(@Nullable Fields trailers) {
            // the last data was counted before
        }

        @Override
        public void onReset(StreamError error, String detail) {}

        @Override
        public void onWritable() {}
    }

    @Test
    void aReaderThatStallsHoldsItsWindowAndStarvesNobody() throws Exception {
        BlockingQueue<Stalled> stalled = new LinkedBlockingQueue<>();
        EchoApp echo = new EchoApp();
        try (Loopback server = new Loopback(
                        e -> {
                            if (e.request().path().equals("/stalled")) {
                                stalled.add(new Stalled(e));
                            } else {
                                echo.onRequest(e);
                            }
                        },
                        H2Settings.DEFAULT);
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            // Half of what the connection's window holds, each with more than its own window.
            int streams = H2Settings.DEFAULT.connectionWindow() / WINDOW / 2;
            for (int i = 0; i < streams; i++) {
                ClientEnd.Answer answer = end.send("POST", "/stalled", false);
                end.run(() -> {
                    answer.exchange().write(Unpooled.buffer(2 * WINDOW).writeZero(2 * WINDOW));
                    answer.exchange().end(null);
                });
            }
            Stalled first = stalled.poll(10, TimeUnit.SECONDS);
            assertThat(first).isNotNull();
            for (int i = 1; i < streams; i++) {
                Stalled other = stalled.poll(10, TimeUnit.SECONDS);
                assertThat(other).isNotNull();
                awaitReceived(other, WINDOW);
            }
            awaitReceived(first, WINDOW);
            ClientEnd.Answer other = end.send("POST", "/other", false);
            end.run(() -> {
                other.exchange().write(Unpooled.buffer(WINDOW).writeZero(WINDOW));
                other.exchange().end(null);
            });
            assertThat(other.next()).isEqualTo("head 200");
            assertThat(other.next()).isEqualTo("end");
            assertThat(other.received).hasValue(WINDOW);
            assertThat(first.received).hasValue(WINDOW);
            first.exchange.loop().execute(() -> first.exchange.consumed(WINDOW));
            awaitReceived(first, 2 * WINDOW);
        }
    }

    @Test
    void bodiesThatNobodyReadsFillTheConnectionsWindowAndNoMore() throws Exception {
        BlockingQueue<Stalled> begun = new LinkedBlockingQueue<>();
        int window = 256 * 1024;
        int streams = 10;
        int body = 128 * 1024;
        try (Loopback server = new Loopback(
                        e -> begun.add(new Stalled(e)), H2Settings.DEFAULT.withWindows(64 * 1024, window));
                ClientEnd end = new ClientEnd(server.port(), H2Settings.DEFAULT)) {
            for (int i = 0; i < streams; i++) {
                ClientEnd.Answer answer = end.send("POST", "/", false);
                end.run(() -> {
                    answer.exchange().write(Unpooled.buffer(body).writeZero(body));
                    answer.exchange().end(null);
                });
            }
            List<Stalled> all = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                Stalled next = begun.poll(10, TimeUnit.SECONDS);
                assertThat(next).isNotNull();
                all.add(next);
            }
            awaitTotal(all, window);
            assertThat(server.held.unread()).isEqualTo(window);
            assertThat(server.exhausted).hasValue(1);
            all.forEach(Stalled::flow);
            awaitTotal(all, streams * body);
        }
    }

    private static void awaitTotal(List<Stalled> all, int bytes) {
        int total = 0;
        while (total < bytes) {
            Thread.onSpinWait();
            total = all.stream().mapToInt(one -> one.received.get()).sum();
        }
        assertThat(total).isEqualTo(bytes);
    }

    private static void awaitReceived(Stalled stalled, int bytes) {
        while (stalled.received.get() < bytes) {
            Thread.onSpinWait();
        }
        assertThat(stalled.received).hasValue(bytes);
    }

    @Test
    void aClientThatSendsBeyondItsWindowIsResetAndTheOthersServed() throws Exception {
        H2Settings small = new H2Settings(
                10,
                1000,
                65_535,
                60 * 1024,
                100,
                64 * 1024,
                1024 * 1024,
                H2Settings.DEFAULT.idleTimeout(),
                H2Settings.DEFAULT.keepAlive(),
                H2Settings.DEFAULT.paths());
        try (Loopback server = new Loopback(Stalled::new, small);
                Wire client = Wire.connect(server.port())) {
            client.await(frame -> frame.type() == Wire.SETTINGS && frame.flags() == Wire.ACK);
            client.post(1).frame(Wire.DATA, 0, 1, new byte[1001]).post(3).send();
            assertThat(client.await(Wire.RST_STREAM, 1).word(0)).isEqualTo(3);
            client.frame(Wire.DATA, 0, 3, new byte[1000])
                    .frame(Wire.PING, 0, 0, new byte[8])
                    .send();
            assertThat(client.await(Wire.PING, 0).flags()).isEqualTo(Wire.ACK);
        }
    }

    @Test
    void writingIsUnwelcomeWhileTheOtherSideGivesNoWindow() throws Exception {
        BlockingQueue<ServerExchange> seen = new LinkedBlockingQueue<>();
        BlockingQueue<String> events = new LinkedBlockingQueue<>();
        try (Loopback server = new Loopback(
                        e -> {
                            e.receiver(new Stalled(e) {
                                @Override
                                public void onWritable() {
                                    events.add("writable");
                                }
                            });
                            seen.add(e);
                        },
                        H2Settings.DEFAULT);
                Wire client = Wire.connect(server.port(), Wire.setting(4, 1000))) {
            client.post(1).send();
            ServerExchange exchange = seen.poll(10, TimeUnit.SECONDS);
            assertThat(exchange).isNotNull();
            int size = 100_000;
            assertThat(exchange.loop()
                            .submit(() -> {
                                exchange.respond(new ResponseHead(200, new Fields()), false);
                                boolean before = exchange.isWritable();
                                exchange.write(Unpooled.buffer(size).writeZero(size));
                                return before && !exchange.isWritable();
                            })
                            .get())
                    .isTrue();
            client.awaitHead(1);
            assertThat(client.await(Wire.DATA, 1).payload()).hasSize(1000);
            assertThat(events).isEmpty();
            client.frame(Wire.WINDOW_UPDATE, 0, 1, Wire.word(size))
                    .frame(Wire.WINDOW_UPDATE, 0, 0, Wire.word(size))
                    .send();
            int got = 1000;
            while (got < size) {
                got += client.await(Wire.DATA, 1).payload().length;
            }
            assertThat(got).isEqualTo(size);
            assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("writable");
        }
    }
}

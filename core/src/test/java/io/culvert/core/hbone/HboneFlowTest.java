package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Back-pressure, half-close and resets, over loopback with real TLS. */
@Timeout(60)
class HboneFlowTest {
    Transport transport() {
        return Transport.EPOLL;
    }

    private static final int MIB = 1 << 20;

    /** Accepts everything and keeps the server's ends. */
    private static final class Apps implements ConnectHandler {
        final BlockingQueue<Recorder> apps = new LinkedBlockingQueue<>();
        private volatile boolean reading = true;

        @Override
        public void onConnect(IncomingConnect connect) {
            Recorder app = new Recorder();
            app.reading = reading;
            app.attach(connect.accept(app, List.of()));
            apps.add(app);
        }

        Recorder next() throws InterruptedException {
            Recorder app = apps.poll(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
            assertThat(app).isNotNull();
            return java.util.Objects.requireNonNull(app);
        }
    }

    private static void on(Recorder app, Runnable action) throws Exception {
        app.stream().eventLoop().submit(action).get(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void a_stopped_reader_costs_its_window_and_stops_nobody_else() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            Apps apps = new Apps();
            HboneServer server = net.newServer(apps, HboneSettings.DEFAULT);
            PoolKey key = net.listen(server);
            Recorder stuck = new Recorder();
            net.opened(key, stuck);
            Recorder stuckApp = apps.next();
            stuckApp.reading = false;
            on(stuck, () -> stuck.send(64L * MIB, 128 << 10, true));

            Recorder live = new Recorder();
            net.opened(key, live);
            Recorder liveApp = apps.next();
            on(live, () -> live.send(32L * MIB, 128 << 10, true));
            assertThat(liveApp.awaitFinished()).isEqualTo(32L * MIB);

            // The last bytes may be held until it reads on.
            assertThat(stuckApp.received).isBetween((64L << 10) - 2048, 64L << 10);
            assertThat(stuck.stream().isWritable()).isFalse();
            assertThat(stuck.stream().queuedBytes()).isLessThan(512 << 10);
            assertThat(net.pool.stats().tunnelsUp()).as("one tunnel for both").isEqualTo(1);

            on(stuckApp, stuckApp::resume);
            assertThat(stuckApp.awaitFinished()).isEqualTo(64L * MIB);
        }
    }

    @Test
    void windows_grow_for_a_quick_reader_as_far_as_the_budget_goes() throws Exception {
        AtomicInteger used = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        int limit = 300 << 10;
        WindowBudget budget = new WindowBudget() {
            @Override
            public int reserve(int wanted) {
                int n = Math.min(wanted, limit - used.get());
                most.set(Math.max(most.get(), used.addAndGet(n)));
                return n;
            }

            @Override
            public void release(int bytes) {
                used.addAndGet(-bytes);
            }
        };
        try (Loopback net = new Loopback(transport())) {
            Apps apps = new Apps();
            PoolKey key = net.listen(net.newServer(apps, HboneSettings.DEFAULT, budget));
            Recorder client = new Recorder();
            net.opened(key, client);
            Recorder app = apps.next();
            on(client, () -> client.send(24L * MIB, 128 << 10, true));
            assertThat(app.awaitFinished()).isEqualTo(24L * MIB);
            assertThat(most.get()).isGreaterThan(64 << 10).isLessThanOrEqualTo(limit);
            on(app, () -> app.stream().finish());
            client.awaitClosed();
            on(app, () -> assertThat(used.get()).isZero());
        }
    }

    @Test
    void a_budget_that_is_used_up_refuses_the_stream_as_not_processed() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            WindowBudget none = new WindowBudget() {
                @Override
                public int reserve(int wanted) {
                    return 0;
                }

                @Override
                public void release(int bytes) {}
            };
            PoolKey key = net.listen(net.newServer(Echo.server(), HboneSettings.DEFAULT, none));
            assertThat(net.failed(key).kind()).isEqualTo(HboneFailure.NOT_PROCESSED);
            OpenResult mine = net.openLater(key, new Recorder(), none).get(20, TimeUnit.SECONDS);
            assertThat(mine)
                    .isInstanceOfSatisfying(
                            OpenResult.Failed.class, f -> assertThat(f.kind()).isEqualTo(HboneFailure.BUDGET));
        }
    }

    @Test
    void each_direction_ends_by_itself() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            Apps apps = new Apps();
            PoolKey key = net.listen(apps);
            Recorder client = new Recorder();
            net.opened(key, client);
            Recorder app = apps.next();
            on(client, () -> client.send(10, 10, true));
            assertThat(app.awaitFinished()).isEqualTo(10);
            assertThat(client.finished).isNotDone();
            on(app, () -> app.send(100_000, 1000, true));
            assertThat(client.awaitFinished()).isEqualTo(100_000);
            client.awaitClosed();
            app.awaitClosed();
            assertThat(client.reset).isNotDone();
            assertThat(app.reset).isNotDone();
        }
    }

    @Test
    void a_reset_arrives_as_connect_error_from_either_side_even_when_cancel_is_asked_for() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            Apps apps = new Apps();
            PoolKey key = net.listen(apps);
            for (int i = 0; i < 2; i++) {
                Recorder client = new Recorder();
                net.opened(key, client);
                Recorder app = apps.next();
                Recorder resets = i == 0 ? client : app;
                Recorder told = i == 0 ? app : client;
                on(resets, () -> resets.stream().reset(H2Error.CANCEL));
                ResetReason reason = told.awaitReset();
                assertThat(reason.kind()).isEqualTo(ResetReason.Kind.PEER_RESET);
                assertThat(reason.code()).isEqualTo(H2Error.CONNECT_ERROR);
                assertThat(resets.reset).as("no word to the one who reset").isNotDone();
            }
            Recorder other = new Recorder();
            net.opened(key, other);
            assertThat(net.pool.stats().tunnelsUp()).as("the tunnel lives on").isEqualTo(1);
        }
    }

    @Test
    void a_peer_that_takes_no_more_ends_the_stream_in_order() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            Apps apps = new Apps();
            PoolKey key = net.listen(apps);
            Recorder client = new Recorder();
            net.opened(key, client);
            Recorder app = apps.next();
            on(app, () -> {
                app.send(5000, 5000, true);
                app.stream().eventLoop().execute(() -> app.stream().reset(H2Error.NO_ERROR));
            });
            assertThat(client.awaitFinished()).isEqualTo(5000);
            assertThat(client.awaitReset().clean()).isTrue();
        }
    }

    @Test
    void data_before_the_answer_is_held_and_delivered_after_it() throws Exception {
        BlockingQueue<IncomingConnect> asked = new LinkedBlockingQueue<>();
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(asked::add);
            Recorder client = new Recorder();
            CompletableFuture<OpenResult> opening = net.openLater(key, client, WindowBudget.unlimited());
            IncomingConnect connect = java.util.Objects.requireNonNull(asked.poll(20, TimeUnit.SECONDS));
            assertThat(opening).isNotDone();
            Recorder app = new Recorder();
            connect.eventLoop()
                    .submit(() -> {
                        HboneStream stream = connect.accept(app, List.of(new Header("baggage", "k=v")));
                        assertThat(app.received).as("nothing inside accept").isZero();
                        app.attach(stream);
                    })
                    .get(20, TimeUnit.SECONDS);
            OpenResult result = opening.get(20, TimeUnit.SECONDS);
            assertThat(result)
                    .isInstanceOfSatisfying(
                            OpenResult.Opened.class,
                            o -> assertThat(o.headers()).containsExactly(new Header("baggage", "k=v")));
            on(client, () -> client.send(3000, 7, true));
            assertThat(app.awaitFinished()).isEqualTo(3000);
        }
    }

    @Test
    void a_rejection_carries_its_status_and_the_headers_of_the_request_arrive() throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(connect -> {
                seen.complete(connect.authority() + " " + connect.header("forwarded") + " " + connect.header("none"));
                connect.reject(401);
            });
            CompletableFuture<OpenResult> result = new CompletableFuture<>();
            ConnectRequest request =
                    new ConnectRequest("[2001:db8::1]:443", List.of(new Header("forwarded", "for=\"10.0.0.9:1234\"")));
            net.loop.execute(
                    () -> net.pool.open(key, request, WindowBudget.unlimited(), new Recorder(), result::complete));
            assertThat(result.get(20, TimeUnit.SECONDS)).isEqualTo(new OpenResult.Refused(401, List.of()));
            assertThat(seen).isCompletedWithValue("[2001:db8::1]:443 for=\"10.0.0.9:1234\" null");
        }
    }

    @Test
    void a_cancelled_open_stops_the_servers_dialling() throws Exception {
        BlockingQueue<IncomingConnect> asked = new LinkedBlockingQueue<>();
        CompletableFuture<Boolean> cancelled = new CompletableFuture<>();
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(connect -> {
                connect.onCancelled(() -> cancelled.complete(connect.isOpen()));
                asked.add(connect);
            });
            Recorder client = new Recorder();
            PendingOpen open = net.onLoop(() -> net.pool.open(
                    key,
                    new ConnectRequest("10.0.0.1:80", List.of()),
                    WindowBudget.unlimited(),
                    client,
                    r -> client.wrong.complete("told " + r)));
            IncomingConnect connect = java.util.Objects.requireNonNull(asked.poll(20, TimeUnit.SECONDS));
            net.onLoop(() -> {
                open.cancel();
                return null;
            });
            assertThat(cancelled.get(20, TimeUnit.SECONDS)).isFalse();
            Recorder late = new Recorder();
            connect.eventLoop().execute(() -> connect.accept(late, List.of()));
            assertThat(late.awaitReset().code()).isEqualTo(H2Error.CONNECT_ERROR);
            assertThat(client.wrong).isNotDone();
        }
    }

    @Test
    void a_handler_that_throws_loses_its_stream_only() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(connect -> {
                Recorder app = new Recorder() {
                    @Override
                    public void onData(ByteBuf data) {
                        data.release();
                        throw new IllegalStateException("expected by this test");
                    }
                };
                app.attach(connect.accept(app, List.of()));
            });
            Recorder bad = new Recorder();
            net.opened(key, bad);
            Recorder good = new Recorder();
            net.opened(key, good);
            on(bad, () -> bad.send(1, 1, false));
            assertThat(bad.awaitReset().code()).isEqualTo(H2Error.INTERNAL_ERROR);
            on(good, () -> assertThat(good.stream().isOpen()).isTrue());
        }
    }
}

package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The client's end, frame by frame. */
class ClientTunnelTest {
    private final Wire wire = new Wire();
    private final List<String> told = new ArrayList<>();
    private @Nullable ClientTunnel made;

    private final class Owner implements ClientTunnel.Owner {
        @Override
        public void onUp(ClientTunnel tunnel) {
            told.add("up");
        }

        @Override
        public void onFailed(ClientTunnel tunnel, HboneFailure kind, String detail, @Nullable Throwable cause) {
            told.add("failed " + kind);
        }

        @Override
        public void onCapacity(ClientTunnel tunnel) {}

        @Override
        public void onRetired(ClientTunnel tunnel) {
            told.add("retired");
        }

        @Override
        public void onDown(ClientTunnel tunnel) {
            told.add("down");
        }
    }

    @BeforeEach
    void start() {
        made = wire.start(
                new ClientTunnel(
                        wire.context(HboneSettings.DEFAULT), Wire.handshake(), new Owner(), "first certificate"),
                true);
    }

    @AfterEach
    void stop() {
        wire.close();
    }

    private ClientTunnel tunnel() {
        return java.util.Objects.requireNonNull(made);
    }

    private void up(int... settings) {
        wire.send(Frames.settings(wire.allocator, settings), Frames.settingsAck(wire.allocator));
        wire.sent();
    }

    /** One open, its result, and the user of its stream. */
    private final class Open {
        final Recorder app = new Recorder();
        final List<OpenResult> results = new ArrayList<>();
        final OpenAttempt attempt;

        Open() {
            EventLoop loop = tunnel().eventLoop();
            PoolKey key = new PoolKey(
                    Wire.LOCAL,
                    Set.of(Wire.PEER),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 15008),
                    InetAddress.getLoopbackAddress());
            PoolEntry entry = new PoolEntry(
                    key,
                    wire.context(HboneSettings.DEFAULT),
                    k -> {
                        throw new IllegalStateException("no sockets here");
                    },
                    loop);
            attempt = new OpenAttempt(
                    entry,
                    new ConnectRequest("10.0.0.1:80", List.of(new Header("baggage", "a=b"))),
                    WindowBudget.unlimited(),
                    app,
                    result -> {
                        results.add(result);
                        if (result instanceof OpenResult.Opened opened) {
                            app.attach(opened.stream());
                        }
                    });
            assertThat(tunnel().open(attempt)).isTrue();
        }

        HboneFailure failure() {
            assertThat(results).hasSize(1);
            return ((OpenResult.Failed) results.getFirst()).kind();
        }
    }

    private ByteBuf ok(int stream) {
        return wire.headers(stream, false, ":status", "200");
    }

    @Test
    void it_begins_with_preface_and_settings_and_is_up_when_the_peers_settings_come() {
        assertThat(wire.sent())
                .containsExactly("SETTINGS 000200000000000400010000000500040000000600004000", "WINDOW 0 16711681");
        assertThat(tunnel().hasCapacity()).isFalse();
        up();
        assertThat(told).containsExactly("up");
        Open open = new Open();
        assertThat(wire.sent()).containsExactly("HEADERS 1 :method=CONNECT :authority=10.0.0.1:80 baggage=a=b");
        wire.send(ok(1));
        assertThat(open.results).hasSize(1).first().isInstanceOf(OpenResult.Opened.class);
    }

    @Test
    void the_peers_stream_limit_holds() {
        up(Frames.SETTINGS_MAX_CONCURRENT_STREAMS, 1);
        new Open();
        assertThat(tunnel().hasCapacity()).isFalse();
        wire.send(Frames.settings(wire.allocator, Frames.SETTINGS_MAX_CONCURRENT_STREAMS, 1000));
        assertThat(tunnel().streamLimit()).isEqualTo(100);
        assertThat(tunnel().hasCapacity()).isTrue();
    }

    @Test
    void another_status_is_a_refusal_and_frees_the_stream() {
        up();
        Open open = new Open();
        wire.sent();
        wire.send(wire.headers(1, true, ":status", "503"), Frames.rstStream(wire.allocator, 1, H2Error.NO_ERROR));
        assertThat(open.results).containsExactly(new OpenResult.Refused(503, List.of()));
        assertThat(wire.sent()).containsExactly("RST 1 CANCEL");
        assertThat(tunnel().streams).isEmpty();
    }

    @Test
    void interim_responses_are_passed_over_and_bad_ones_fail_the_open() {
        up();
        Open first = new Open();
        wire.send(wire.headers(1, false, ":status", "103"), ok(1));
        assertThat(first.results).hasSize(1);
        for (String status : List.of("20", "abc", "099", "600")) {
            Open open = new Open();
            wire.send(
                    wire.headers(3 + 2 * List.of("20", "abc", "099", "600").indexOf(status), false, ":status", status));
            assertThat(open.failure()).isEqualTo(HboneFailure.PROTOCOL_ERROR);
        }
    }

    @Test
    void data_before_the_response_fails_the_open() {
        up();
        Open open = new Open();
        wire.send(wire.data(1, 10, false));
        assertThat(open.failure()).isEqualTo(HboneFailure.PROTOCOL_ERROR);
    }

    @Test
    void resets_before_the_answer_are_told_apart() {
        up();
        Open refused = new Open();
        Open reset = new Open();
        wire.send(
                Frames.rstStream(wire.allocator, 1, H2Error.REFUSED_STREAM),
                Frames.rstStream(wire.allocator, 3, H2Error.CANCEL));
        assertThat(refused.failure()).isEqualTo(HboneFailure.NOT_PROCESSED);
        assertThat(reset.failure()).isEqualTo(HboneFailure.RESET);
    }

    @Test
    void cancel_before_the_end_is_a_reset_and_anything_but_connect_error_after_it_is_clean() {
        up();
        Open cancelled = new Open();
        Open ended = new Open();
        Open broken = new Open();
        wire.send(ok(1), ok(3), ok(5), wire.data(3, 0, true), wire.data(5, 0, true));
        wire.send(
                Frames.rstStream(wire.allocator, 1, H2Error.CANCEL),
                Frames.rstStream(wire.allocator, 3, H2Error.CANCEL),
                Frames.rstStream(wire.allocator, 5, H2Error.CONNECT_ERROR));
        assertThat(cancelled.app.reset.join().clean()).isFalse();
        assertThat(ended.app.reset.join().clean()).isTrue();
        assertThat(broken.app.reset.join().clean()).isFalse();
    }

    @Test
    void no_error_before_the_end_is_the_end() {
        up();
        Open open = new Open();
        wire.send(ok(1), Frames.rstStream(wire.allocator, 1, H2Error.NO_ERROR));
        assertThat(open.app.finished).isCompleted();
        assertThat(open.app.reset.join().clean()).isTrue();
    }

    @Test
    void a_goaway_keeps_what_was_processed_and_gives_back_what_was_not() {
        up();
        Open kept = new Open();
        Open back = new Open();
        wire.send(ok(1));
        wire.sent();
        wire.send(Frames.goAway(wire.allocator, 1, H2Error.NO_ERROR, "bye"));
        assertThat(told).containsExactly("up", "retired");
        assertThat(tunnel().hasCapacity()).isFalse();
        // Sent again on another tunnel by the pool; here there is none, and so it waits.
        assertThat(back.results).isEmpty();
        back.attempt.cancel();
        assertThat(kept.app.reset).isNotDone();
        kept.app.stream().finish();
        wire.send(wire.data(1, 0, true));
        assertThat(told).containsExactly("up", "retired", "down");
        assertThat(wire.sent()).contains("DATA 1 0 END  pad 0", "GOAWAY 0 NO_ERROR");
    }

    @Test
    void a_lost_connection_resets_the_streams() {
        up();
        Open answered = new Open();
        Open waiting = new Open();
        wire.send(ok(1));
        wire.channel().close();
        assertThat(answered.app.reset.join().kind()).isEqualTo(ResetReason.Kind.TUNNEL_LOST);
        assertThat(waiting.failure()).isEqualTo(HboneFailure.TUNNEL_LOST);
        assertThat(told).endsWith("down");
    }

    @Test
    void a_connection_that_is_lost_before_settings_never_came_up() {
        wire.channel().close();
        assertThat(told).containsExactly("failed H2_HANDSHAKE");
    }

    @Test
    void pushes_and_streams_of_the_servers_are_refused() {
        up();
        wire.send(ok(2));
        assertThat(wire.sent()).contains("GOAWAY 0 PROTOCOL_ERROR");
        assertThat(told).endsWith("down");
    }

    @Test
    void data_is_cut_by_frame_size_and_windows_and_shared_out_in_turn() {
        up(Frames.SETTINGS_MAX_FRAME_SIZE, 20_000, Frames.SETTINGS_INITIAL_WINDOW_SIZE, 50_000);
        Open one = new Open();
        Open two = new Open();
        wire.send(ok(1), ok(3));
        wire.sent();
        one.app.stream().write(wire.allocator.directBuffer().writeZero(60_000));
        two.app.stream().write(wire.allocator.directBuffer().writeZero(60_000));
        List<String> frames = wire.sent().stream()
                .map(l -> l.substring(0, Math.min(l.length(), 12)).trim())
                .toList();
        // 65,535 bytes of the connection's window.
        assertThat(frames).containsExactly("DATA 1 20000", "DATA 3 20000", "DATA 1 20000", "DATA 3 5535");
        wire.send(Frames.windowUpdate(wire.allocator, 0, 1_000_000));
        assertThat(one.app.stream().queuedBytes() + two.app.stream().queuedBytes())
                .isEqualTo(20_000);
        wire.send(Frames.windowUpdate(wire.allocator, 1, 10_000));
        assertThat(one.app.stream().queuedBytes()).isZero();
        wire.send(Frames.settings(wire.allocator, Frames.SETTINGS_INITIAL_WINDOW_SIZE, 10_000));
        wire.send(Frames.windowUpdate(wire.allocator, 3, 40_000));
        assertThat(two.app.stream().queuedBytes()).as("the window was negative").isEqualTo(10_000);
        wire.send(Frames.windowUpdate(wire.allocator, 3, 10_000));
        assertThat(two.app.stream().queuedBytes()).isZero();
        wire.sent();
    }

    @Test
    void finish_waits_for_the_queue() {
        up(Frames.SETTINGS_INITIAL_WINDOW_SIZE, 10);
        Open open = new Open();
        wire.send(ok(1));
        wire.sent();
        open.app.stream().write(wire.allocator.directBuffer().writeZero(15));
        open.app.stream().finish();
        assertThat(wire.sent()).containsExactly("DATA 1 10 00000000000000000000 pad 0");
        wire.send(Frames.windowUpdate(wire.allocator, 1, 10));
        assertThat(wire.sent()).containsExactly("DATA 1 5 END 0000000000 pad 0");
    }

    @Test
    void an_idle_tunnel_is_retired_and_a_busy_one_is_not() {
        up();
        Open open = new Open();
        wire.send(ok(1));
        for (int i = 0; i < 40; i++) {
            wire.pass(Duration.ofSeconds(10));
            answerPings();
        }
        assertThat(told).containsExactly("up");
        open.app.stream().reset(H2Error.CONNECT_ERROR);
        for (int i = 0; i < 31; i++) {
            wire.pass(Duration.ofSeconds(10));
            answerPings();
        }
        assertThat(told).containsExactly("up", "retired", "down");
    }

    @Test
    void a_connection_that_ends_after_a_silence_says_so() throws Exception {
        up();
        Open open = new Open();
        wire.send(ok(1));
        wire.pass(Duration.ofSeconds(10));
        wire.pass(Duration.ofSeconds(9));
        wire.channel().close();
        wire.pass(Duration.ZERO);
        assertThat(open.app.awaitReset().detail()).contains("PING had no answer for 9000 ms");
    }

    private void answerPings() {
        for (String line : wire.sent()) {
            if (line.startsWith("PING")) {
                wire.send(Frames.ping(wire.allocator, true, Long.parseLong(line.substring(5))));
            }
        }
    }
}

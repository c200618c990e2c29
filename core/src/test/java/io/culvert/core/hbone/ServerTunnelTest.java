package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server's end, frame by frame, with a peer that keeps no rules. */
class ServerTunnelTest {
    private final Wire wire = new Wire();
    private final List<IncomingConnect> asked = new ArrayList<>();
    private final List<Recorder> apps = new ArrayList<>();
    private boolean accept = true;
    private boolean reading = true;

    @BeforeEach
    void start() {
        start(HboneSettings.DEFAULT);
    }

    private ServerTunnel start(HboneSettings settings) {
        ConnectHandler handler = connect -> {
            asked.add(connect);
            if (accept) {
                Recorder app = new Recorder();
                app.reading = reading;
                apps.add(app);
                app.attach(connect.accept(app, List.of()));
            }
        };
        return wire.start(
                new ServerTunnel(
                        wire.context(settings), Wire.handshake(), Wire.LOCAL, handler, WindowBudget::unlimited),
                false);
    }

    @AfterEach
    void stop() {
        wire.close();
    }

    private void up() {
        wire.send(Frames.preface(), Frames.settings(wire.allocator), Frames.settingsAck(wire.allocator));
        wire.sent();
    }

    private void isClosedWith(H2Error error) {
        assertThat(wire.sent()).last().asString().endsWith(" " + error.name()).startsWith("GOAWAY");
        assertThat(wire.channel().isOpen()).isFalse();
    }

    @Test
    void it_announces_its_limits_and_answers_a_request() {
        assertThat(wire.sent())
                .containsExactly("SETTINGS 000300000064000400010000000500040000000600010000", "WINDOW 0 16711681");
        wire.send(Frames.preface(), Frames.settings(wire.allocator), wire.connect(1));
        assertThat(wire.sent()).containsExactly("SETTINGS ACK", "HEADERS 1 :status=200");
        assertThat(asked.getFirst().tunnel().peer()).isEqualTo(Wire.PEER);
        assertThat(asked.getFirst().authority()).hasToString("10.0.0.1:80");
    }

    @Test
    void rapid_resets_are_cut_off() {
        up();
        accept = false;
        for (int i = 1; i < 4000 && wire.channel().isOpen(); i += 2) {
            wire.send(wire.connect(i), Frames.rstStream(wire.allocator, i, H2Error.CANCEL));
        }
        isClosedWith(H2Error.ENHANCE_YOUR_CALM);
        assertThat(asked).hasSizeLessThan(300);
        assertThat(wire.stats.floods()).isEqualTo(1);
    }

    @Test
    void resets_that_the_peer_provokes_are_cut_off_too() {
        up();
        for (int i = 1; i < 4000 && wire.channel().isOpen(); i += 2) {
            wire.send(wire.connect(i), Frames.windowUpdate(wire.allocator, i, 0));
        }
        isClosedWith(H2Error.ENHANCE_YOUR_CALM);
        assertThat(asked).hasSizeLessThan(300);
    }

    @Test
    void a_slow_trickle_of_the_same_is_not_a_flood() {
        up();
        accept = false;
        for (int i = 1; i < 4000; i += 2) {
            wire.send(wire.connect(i), Frames.rstStream(wire.allocator, i, H2Error.CANCEL));
            wire.send(Frames.ping(wire.allocator, false, i));
            if (i % 51 == 0) {
                wire.pass(Duration.ofSeconds(10));
            }
            answerPings();
        }
        assertThat(wire.channel().isOpen()).isTrue();
    }

    @Test
    void floods_of_pings_settings_and_empty_data_are_cut_off() {
        List<java.util.function.Supplier<ByteBuf>> floods = List.of(
                () -> Frames.ping(wire.allocator, false, 1),
                () -> Frames.settings(wire.allocator),
                () -> wire.data(1, 0, false),
                () -> wire.frame(Frames.DATA, Frames.PADDED, 1, "020000"),
                () -> wire.frame(Frames.PRIORITY, 0, 1, "0000000010"),
                () -> wire.frame(0xee, 0, 1, ""));
        for (java.util.function.Supplier<ByteBuf> flood : floods) {
            Wire other = new Wire();
            other.start(
                    new ServerTunnel(
                            other.context(HboneSettings.DEFAULT),
                            Wire.handshake(),
                            Wire.LOCAL,
                            c -> c.accept(new Recorder(), List.of()),
                            WindowBudget::unlimited),
                    false);
            other.send(Frames.preface(), Frames.settings(wire.allocator), other.connect(1));
            for (int i = 0; i < 5000 && other.channel().isOpen(); i++) {
                other.send(flood.get());
            }
            assertThat(other.sent()).last().isEqualTo("GOAWAY 1 ENHANCE_YOUR_CALM");
            other.close();
        }
    }

    @Test
    void absurd_settings_end_the_connection() {
        wire.send(Frames.preface(), wire.frame(Frames.SETTINGS, 0, 0, "000180000000".repeat(1000)));
        isClosedWith(H2Error.ENHANCE_YOUR_CALM);
    }

    @Test
    void settings_out_of_range_end_the_connection() {
        up();
        wire.send(Frames.settings(wire.allocator, Frames.SETTINGS_INITIAL_WINDOW_SIZE, -1));
        isClosedWith(H2Error.FLOW_CONTROL_ERROR);
    }

    @Test
    void windows_that_overflow_are_flow_control_errors() {
        up();
        wire.send(wire.connect(1), Frames.windowUpdate(wire.allocator, 1, Integer.MAX_VALUE));
        assertThat(wire.sent()).contains("RST 1 FLOW_CONTROL_ERROR");
        wire.send(Frames.windowUpdate(wire.allocator, 0, Integer.MAX_VALUE));
        isClosedWith(H2Error.FLOW_CONTROL_ERROR);
    }

    @Test
    void data_beyond_the_streams_window_resets_it_and_beyond_the_connections_ends_it() {
        up();
        reading = false;
        wire.send(wire.connect(1), wire.data(1, 65536, false), wire.data(1, 1, false));
        assertThat(wire.sent()).contains("RST 1 FLOW_CONTROL_ERROR");
        assertThat(apps.getFirst().reset).isCompleted();
    }

    @Test
    void a_frame_is_short_while_another_stream_waits_and_long_when_none_does() {
        wire.send(
                Frames.preface(),
                Frames.settings(
                        wire.allocator,
                        Frames.SETTINGS_INITIAL_WINDOW_SIZE,
                        1 << 20,
                        Frames.SETTINGS_MAX_FRAME_SIZE,
                        1 << 20),
                Frames.settingsAck(wire.allocator),
                Frames.windowUpdate(wire.allocator, 0, 1 << 20),
                wire.connect(1),
                wire.connect(3));
        wire.sent();
        for (Recorder app : apps) {
            app.stream().write(wire.allocator.directBuffer(200_000).writeZero(200_000));
        }
        assertThat(dataSent())
                .containsExactly("1 65536", "3 65536", "1 65536", "3 65536", "1 65536", "3 65536", "1 3392", "3 3392");
        apps.getFirst().stream().write(wire.allocator.directBuffer(200_000).writeZero(200_000));
        assertThat(dataSent()).containsExactly("1 200000");
    }

    private List<String> dataSent() {
        return wire.sent().stream()
                .filter(line -> line.startsWith("DATA "))
                .map(line -> line.replaceFirst("DATA (\\d+ \\d+) .*", "$1"))
                .toList();
    }

    @Test
    void connection_credit_comes_back_on_receipt_though_nobody_reads() {
        up();
        reading = false;
        int updates = 0;
        for (int i = 0; i < 90; i++) {
            wire.send(wire.connect(1 + 2 * i), wire.data(1 + 2 * i, 65536, false));
            updates += (int)
                    wire.sent().stream().filter(l -> l.startsWith("WINDOW 0 ")).count();
        }
        assertThat(updates).isEqualTo(1);
        assertThat(apps).allMatch(app -> app.received == 65536);
    }

    @Test
    void padding_gives_its_credit_back_by_itself() {
        up();
        reading = false;
        wire.send(wire.connect(1));
        wire.sent();
        for (int i = 0; i < 150; i++) {
            wire.send(wire.frame(Frames.DATA, Frames.PADDED, 1, "ff" + "00" + "00".repeat(255)));
        }
        assertThat(wire.sent()).anyMatch(l -> l.startsWith("WINDOW 1 "));
        assertThat(apps.getFirst().received).isEqualTo(150);
    }

    @Test
    void frames_on_idle_closed_and_foreign_streams_are_the_errors_of_the_rfc() {
        up();
        wire.send(wire.connect(1), wire.data(1, 5, true), wire.data(1, 5, false));
        assertThat(wire.sent()).contains("RST 1 STREAM_CLOSED");
        wire.send(wire.data(1, 5, false));
        assertThat(wire.sent()).as("its frames may still be on their way").isEmpty();
        wire.send(wire.data(7, 5, false));
        isClosedWith(H2Error.PROTOCOL_ERROR);
    }

    @Test
    void a_client_may_not_open_even_streams() {
        up();
        wire.send(wire.connect(2));
        isClosedWith(H2Error.PROTOCOL_ERROR);
    }

    @Test
    void stream_ids_may_not_go_back() {
        up();
        wire.send(wire.connect(5), wire.connect(3));
        isClosedWith(H2Error.STREAM_CLOSED);
    }

    @Test
    void malformed_requests_reset_their_stream_and_hurt_no_other() {
        up();
        wire.send(
                wire.connect(1),
                wire.headers(3, false, ":method", "CONNECT"),
                wire.headers(5, false, ":method", "CONNECT", ":authority", "a:1", ":path", "/"),
                wire.headers(7, false, ":method", "CONNECT", ":authority", "a:1", ":protocol", "websocket"),
                wire.headers(9, false, ":authority", "a:1"),
                wire.headers(11, false, ":method", "CONNECT", ":authority", "a:1", "Upper", "x"),
                wire.headers(13, false, ":method", "CONNECT", ":authority", "a:1", "connection", "close"),
                wire.headers(15, false, ":method", "CONNECT", ":authority", "a:1", ":authority", "b:1"));
        List<String> sent = wire.sent();
        for (int i = 3; i <= 15; i += 2) {
            assertThat(sent).contains("RST " + i + " PROTOCOL_ERROR");
        }
        assertThat(asked).hasSize(1);
        assertThat(apps.getFirst().stream().isOpen()).isTrue();
    }

    @Test
    void a_header_list_that_is_too_long_resets_its_stream() {
        up();
        wire.send(wire.headers(1, false, ":method", "CONNECT", ":authority", "a:1", "x", "y".repeat(66_000)));
        assertThat(wire.sent()).containsExactly("RST 1 PROTOCOL_ERROR");
        wire.send(wire.connect(3));
        assertThat(wire.sent()).containsExactly("HEADERS 3 :status=200");
    }

    @Test
    void bytes_that_are_no_hpack_end_the_connection() {
        up();
        wire.send(wire.frame(Frames.HEADERS, Frames.END_HEADERS, 1, "ffffffffffffffffff"));
        isClosedWith(H2Error.COMPRESSION_ERROR);
    }

    @Test
    void trailers_on_a_connected_stream_are_an_error() {
        up();
        wire.send(wire.connect(1), wire.headers(1, true, "x", "y"));
        assertThat(wire.sent()).contains("RST 1 PROTOCOL_ERROR");
    }

    @Test
    void more_streams_than_announced_are_refused_unprocessed() {
        up();
        for (int i = 0; i < 101; i++) {
            wire.send(wire.connect(1 + 2 * i));
        }
        assertThat(wire.sent()).last().isEqualTo("RST 201 REFUSED_STREAM");
        assertThat(asked).hasSize(100);
    }

    @Test
    void a_request_that_nobody_answers_gets_a_503() {
        up();
        accept = false;
        wire.send(wire.connect(1));
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            wire.pass(Duration.ofSeconds(10));
            sent.addAll(answerPings());
        }
        assertThat(sent).containsSubsequence("HEADERS 1 END :status=503", "RST 1 NO_ERROR");
        assertThat(asked.getFirst().isOpen()).isFalse();
    }

    private List<String> answerPings() {
        List<String> lines = wire.sent();
        for (String line : lines) {
            if (line.startsWith("PING") && !line.endsWith("ACK")) {
                wire.send(Frames.ping(wire.allocator, true, Long.parseLong(line.substring(5))));
            }
        }
        return lines;
    }

    @Test
    void a_peer_without_settings_or_without_an_acknowledgement_is_given_up() {
        wire.send(Frames.preface());
        wire.pass(Duration.ofSeconds(11));
        isClosedWith(H2Error.SETTINGS_TIMEOUT);
        Wire other = new Wire();
        other.start(
                new ServerTunnel(
                        other.context(HboneSettings.DEFAULT),
                        Wire.handshake(),
                        Wire.LOCAL,
                        c -> {},
                        WindowBudget::unlimited),
                false);
        other.send(Frames.preface(), Frames.settings(wire.allocator));
        other.pass(Duration.ofSeconds(11));
        assertThat(other.sent()).contains("GOAWAY 0 SETTINGS_TIMEOUT");
        other.close();
    }

    @Test
    void pings_are_sent_every_ten_seconds_and_silence_ends_the_tunnel_after_twenty() {
        up();
        wire.send(wire.connect(1));
        wire.pass(Duration.ofSeconds(10));
        assertThat(wire.sent()).anyMatch(frame -> frame.startsWith("PING "));
        wire.pass(Duration.ofSeconds(10));
        assertThat(wire.channel().isOpen()).isTrue();
        wire.pass(Duration.ofSeconds(10));
        assertThat(wire.channel().isOpen()).isFalse();
        assertThat(apps.getFirst().reset.join().kind()).isEqualTo(ResetReason.Kind.PING_TIMEOUT);
    }

    @Test
    void it_leaves_in_two_steps_and_ignores_what_comes_after_the_second() {
        wire.close();
        Wire other = new Wire();
        ServerTunnel tunnel = other.start(
                new ServerTunnel(
                        other.context(HboneSettings.DEFAULT),
                        Wire.handshake(),
                        Wire.LOCAL,
                        c -> {
                            asked.add(c);
                            c.accept(new Recorder(), List.of());
                        },
                        WindowBudget::unlimited),
                false);
        other.send(Frames.preface(), Frames.settings(other.allocator), Frames.settingsAck(other.allocator));
        other.sent();
        tunnel.retire("test");
        List<String> leaving = other.sent();
        assertThat(leaving)
                .hasSize(2)
                .startsWith("GOAWAY 2147483647 NO_ERROR")
                .last()
                .asString()
                .startsWith("PING ");
        long ping = Long.parseLong(leaving.get(1).substring("PING ".length()));
        other.send(other.connect(1), Frames.ping(other.allocator, true, ping));
        assertThat(other.sent()).containsExactly("HEADERS 1 :status=200", "GOAWAY 1 NO_ERROR");
        other.send(other.connect(3));
        assertThat(other.sent()).isEmpty();
        assertThat(asked).hasSize(1);
        other.send(Frames.rstStream(other.allocator, 1, H2Error.CANCEL));
        other.pass(Duration.ofSeconds(2));
        assertThat(other.channel().isOpen()).isFalse();
        other.close();
        start(HboneSettings.DEFAULT);
    }

    @Test
    void one_byte_frames_for_a_stopped_reader_do_not_keep_their_reads_alive() {
        up();
        reading = false;
        accept = false;
        wire.send(wire.connect(1));
        for (int i = 0; i < 8_000; i++) {
            wire.send(wire.data(1, 1, false));
        }
        // Held before the answer: gathered, not 8,000 buffers.
        assertThat(wire.allocator.metric().usedDirectMemory()).isLessThan(200_000);
    }

    @Test
    void a_large_frame_that_comes_in_a_small_and_a_large_piece_is_delivered() {
        up();
        wire.send(wire.connect(1));
        ByteBuf frame = wire.data(1, 65536, true);
        wire.send(frame.readRetainedSlice(20));
        assertThat(apps.getFirst().received).isEqualTo(11);
        wire.send(frame);
        assertThat(apps.getFirst().received).isEqualTo(65536);
        assertThat(apps.getFirst().finished).isCompleted();
    }
}

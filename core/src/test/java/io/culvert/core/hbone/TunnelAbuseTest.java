package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.AbusedTunnel.Role;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a hostile peer gets for each abuse of HTTP/2 that is known, frame by frame and in both roles: the error of RFC
 * 9113, at a bounded price. A second tunnel stands beside each and must not notice.
 */
class TunnelAbuseTest {
    /** What a tunnel may hold in buffers for a peer that only makes noise: answers that wait, and a header block. */
    private static final long NOISE_BYTES = 128 << 10;

    /** A frame that is sent over and over, after {@code first}. */
    record Flood(String name, Consumer<AbusedTunnel> first, Function<Wire, ByteBuf> frame) {
        Flood(String name, Function<Wire, ByteBuf> frame) {
            this(name, tunnel -> {}, frame);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static void closeStreamOne(AbusedTunnel tunnel) {
        tunnel.wire.send(Frames.rstStream(tunnel.wire.allocator, 1, H2Error.CANCEL));
    }

    private static List<Flood> floods() {
        return List.of(
                new Flood("PING", w -> Frames.ping(w.allocator, false, 1)),
                new Flood("PING answers to nothing", w -> Frames.ping(w.allocator, true, 77)),
                new Flood("GOAWAY", w -> Frames.goAway(w.allocator, 99, H2Error.NO_ERROR, "again")),
                new Flood("SETTINGS", w -> Frames.settings(w.allocator)),
                new Flood("SETTINGS acknowledgements", w -> Frames.settingsAck(w.allocator)),
                new Flood("SETTINGS that move every window", TunnelAbuseTest::fillWithStreams, w -> {
                    ByteBuf two = Frames.settings(w.allocator, Frames.SETTINGS_INITIAL_WINDOW_SIZE, 0);
                    ByteBuf up = Frames.settings(w.allocator, Frames.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
                    two.writeBytes(up);
                    up.release();
                    return two;
                }),
                new Flood(
                        "RST_STREAM of a closed stream",
                        TunnelAbuseTest::closeStreamOne,
                        w -> Frames.rstStream(w.allocator, 1, H2Error.CANCEL)),
                new Flood("WINDOW_UPDATE of the connection", w -> Frames.windowUpdate(w.allocator, 0, 1)),
                new Flood("WINDOW_UPDATE of a stream", w -> Frames.windowUpdate(w.allocator, 1, 1)),
                new Flood(
                        "WINDOW_UPDATE of a closed stream",
                        TunnelAbuseTest::closeStreamOne,
                        w -> Frames.windowUpdate(w.allocator, 1, 1)),
                new Flood("DATA of length 0", w -> w.data(1, 0, false)),
                new Flood("DATA of padding only", w -> w.frame(Frames.DATA, Frames.PADDED, 1, "020000")),
                new Flood("DATA on a closed stream", TunnelAbuseTest::closeStreamOne, w -> w.data(1, 1, false)),
                new Flood("PRIORITY", w -> w.frame(Frames.PRIORITY, 0, 1, "0000000010")),
                new Flood("a type that nobody knows", w -> w.frame(0xee, 0, 1, "")),
                new Flood(
                        "CONTINUATION without bytes",
                        t -> t.wire.send(t.wire.frame(Frames.HEADERS, 0, 3, "")),
                        w -> w.frame(Frames.CONTINUATION, 0, 3, "")),
                new Flood(
                        "CONTINUATION with bytes",
                        t -> t.wire.send(t.wire.frame(Frames.HEADERS, 0, 3, "")),
                        w -> w.frame(Frames.CONTINUATION, 0, 3, "00".repeat(16_000))));
    }

    private static void fillWithStreams(AbusedTunnel tunnel) {
        for (int stream = 3; stream < 199; stream += 2) {
            tunnel.connect(stream, new Recorder());
        }
        tunnel.wire.sent();
    }

    static Stream<Arguments> floodsInBothRoles() {
        return floods().stream().flatMap(flood -> Stream.of(Role.values()).map(role -> Arguments.of(flood, role)));
    }

    @ParameterizedTest(name = "{0}, our end is the {1}")
    @MethodSource("floodsInBothRoles")
    void a_flood_ends_its_own_tunnel_with_enhance_your_calm_and_costs_little(Flood flood, Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role);
                AbusedTunnel bystander = new AbusedTunnel(role)) {
            flood.first().accept(abused);
            long before = abused.held();
            long most = 0;
            for (int i = 0; i < 1_000 && abused.isOpen(); i++) {
                abused.repeat(flood.frame().apply(abused.wire), 100);
                most = Math.max(most, abused.held() - before);
                if (i % 100 == 0) {
                    bystander.echoes();
                }
            }
            abused.isClosedWith(H2Error.ENHANCE_YOUR_CALM);
            assertThat(most).as("bytes held during the flood").isLessThan(NOISE_BYTES);
            assertThat(abused.wire.stats.floods()).isEqualTo(1);
            bystander.echoes();
            assertThat(bystander.wire.stats.floods()).isZero();
        }
    }

    /** One thing that a peer may not do, and the connection error that it is. */
    record Offence(String name, H2Error error, Function<Wire, ByteBuf> frame) {
        @Override
        public String toString() {
            return name + " is " + error;
        }
    }

    private static ByteBuf setting(Wire wire, int id, int value) {
        return Frames.settings(wire.allocator, id, value);
    }

    private static List<Offence> offences() {
        return List.of(
                new Offence(
                        "SETTINGS with 1,000 entries",
                        H2Error.ENHANCE_YOUR_CALM,
                        w -> w.frame(Frames.SETTINGS, 0, 0, "000300000064".repeat(1_000))),
                new Offence(
                        "SETTINGS longer than any need",
                        H2Error.ENHANCE_YOUR_CALM,
                        w -> w.frame(Frames.SETTINGS, 0, 0, "000300000064".repeat(10_000))),
                new Offence(
                        "SETTINGS of seven bytes",
                        H2Error.FRAME_SIZE_ERROR,
                        w -> w.frame(Frames.SETTINGS, 0, 0, "00030000006400")),
                new Offence(
                        "SETTINGS on a stream",
                        H2Error.PROTOCOL_ERROR,
                        w -> w.frame(Frames.SETTINGS, 0, 1, "000300000064")),
                new Offence(
                        "SETTINGS acknowledged with a payload",
                        H2Error.FRAME_SIZE_ERROR,
                        w -> w.frame(Frames.SETTINGS, Frames.ACK, 0, "000300000064")),
                new Offence(
                        "an initial window of 2^31",
                        H2Error.FLOW_CONTROL_ERROR,
                        w -> setting(w, Frames.SETTINGS_INITIAL_WINDOW_SIZE, Integer.MIN_VALUE)),
                new Offence(
                        "a frame size of 16,383",
                        H2Error.PROTOCOL_ERROR,
                        w -> setting(w, Frames.SETTINGS_MAX_FRAME_SIZE, 16_383)),
                new Offence(
                        "a frame size of 2^24",
                        H2Error.PROTOCOL_ERROR,
                        w -> setting(w, Frames.SETTINGS_MAX_FRAME_SIZE, 1 << 24)),
                new Offence(
                        "a push setting of 2", H2Error.PROTOCOL_ERROR, w -> setting(w, Frames.SETTINGS_ENABLE_PUSH, 2)),
                new Offence(
                        "an overflow of the connection's window",
                        H2Error.FLOW_CONTROL_ERROR,
                        w -> Frames.windowUpdate(w.allocator, 0, Integer.MAX_VALUE)),
                new Offence(
                        "a connection's WINDOW_UPDATE of 0",
                        H2Error.PROTOCOL_ERROR,
                        w -> Frames.windowUpdate(w.allocator, 0, 0)),
                new Offence("DATA on an idle stream", H2Error.PROTOCOL_ERROR, w -> w.data(9, 1, false)),
                new Offence("DATA on an even stream", H2Error.PROTOCOL_ERROR, w -> w.data(2, 1, false)),
                new Offence("DATA on stream 0", H2Error.PROTOCOL_ERROR, w -> w.data(0, 1, false)),
                new Offence(
                        "RST_STREAM of an idle stream",
                        H2Error.PROTOCOL_ERROR,
                        w -> Frames.rstStream(w.allocator, 9, H2Error.CANCEL)),
                new Offence(
                        "WINDOW_UPDATE of an idle stream",
                        H2Error.PROTOCOL_ERROR,
                        w -> Frames.windowUpdate(w.allocator, 9, 1)),
                new Offence(
                        "a frame longer than announced",
                        H2Error.FRAME_SIZE_ERROR,
                        w -> Frames.head(w.allocator.directBuffer(), 262_145, Frames.DATA, 0, 1)));
    }

    static Stream<Arguments> offencesInBothRoles() {
        return offences().stream().flatMap(o -> Stream.of(Role.values()).map(role -> Arguments.of(o, role)));
    }

    @ParameterizedTest(name = "{0}, our end is the {1}")
    @MethodSource("offencesInBothRoles")
    void an_offence_against_the_connection_ends_it_with_the_rfcs_error(Offence offence, Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role);
                AbusedTunnel bystander = new AbusedTunnel(role)) {
            abused.wire.send(offence.frame().apply(abused.wire));
            abused.isClosedWith(offence.error());
            assertThat(abused.app.reset.join())
                    .satisfies(
                            reason -> assertThat(reason.kind()).isEqualTo(ResetReason.Kind.PROTOCOL_ERROR),
                            reason -> assertThat(reason.code()).isEqualTo(offence.error()));
            bystander.echoes();
        }
    }

    /** One thing that a peer may not do on a stream, and the stream error that it is. */
    private static List<Offence> streamOffences() {
        return List.of(
                new Offence(
                        "an overflow of the stream's window",
                        H2Error.FLOW_CONTROL_ERROR,
                        w -> Frames.windowUpdate(w.allocator, 1, Integer.MAX_VALUE)),
                new Offence(
                        "a stream's WINDOW_UPDATE of 0",
                        H2Error.PROTOCOL_ERROR,
                        w -> Frames.windowUpdate(w.allocator, 1, 0)),
                new Offence("DATA after END_STREAM", H2Error.STREAM_CLOSED, w -> {
                    ByteBuf two = w.data(1, 0, true);
                    ByteBuf late = w.data(1, 1, false);
                    two.writeBytes(late);
                    late.release();
                    return two;
                }),
                new Offence(
                        "PRIORITY of four bytes",
                        H2Error.FRAME_SIZE_ERROR,
                        w -> w.frame(Frames.PRIORITY, 0, 1, "00000000")));
    }

    static Stream<Arguments> streamOffencesInBothRoles() {
        return streamOffences().stream().flatMap(o -> Stream.of(Role.values()).map(role -> Arguments.of(o, role)));
    }

    @ParameterizedTest(name = "{0}, our end is the {1}")
    @MethodSource("streamOffencesInBothRoles")
    void an_offence_against_a_stream_resets_it_alone(Offence offence, Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            Recorder neighbour = new Recorder();
            abused.connect(3, neighbour);
            abused.wire.sent();
            abused.wire.send(offence.frame().apply(abused.wire));
            assertThat(abused.wire.sent()).containsExactly("RST 1 " + offence.error());
            assertThat(abused.app.reset.join().code()).isEqualTo(offence.error());
            assertThat(abused.wire.stats.streamsOpen()).isEqualTo(1);
            Recorder next = new Recorder();
            abused.connect(5, next);
            assertThat(abused.isOpen()).isTrue();
            assertThat(neighbour.reset).isNotDone();
        }
    }

    @ParameterizedTest
    @EnumSource
    void data_beyond_a_stream_s_window_resets_it_and_holds_no_more_than_the_window(Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            abused.app.reading = false;
            abused.wire.send(abused.wire.data(1, 65_536, false), abused.wire.data(1, 1, false));
            assertThat(abused.wire.sent()).contains("RST 1 FLOW_CONTROL_ERROR");
            assertThat(abused.held()).isZero();
            assertThat(abused.wire.stats.windowBytes()).as("bytes of windows").isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void data_beyond_the_connections_window_ends_it(Role role) {
        HboneSettings small = HboneSettings.DEFAULT.with(
                new HboneSettings.Flow(64 << 10, 4 << 20, 65_535, 64 << 10, 256 << 10, 64 << 10));
        try (AbusedTunnel abused = new AbusedTunnel(role, small)) {
            abused.wire.send(abused.wire.data(1, 65_536, false));
            abused.isClosedWith(H2Error.FLOW_CONTROL_ERROR);
        }
    }

    @ParameterizedTest
    @EnumSource
    void settings_that_overflow_a_streams_window_end_the_connection(Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            abused.wire.send(Frames.windowUpdate(abused.wire.allocator, 1, 1 << 30));
            abused.wire.send(setting(abused.wire, Frames.SETTINGS_INITIAL_WINDOW_SIZE, Integer.MAX_VALUE));
            abused.isClosedWith(H2Error.FLOW_CONTROL_ERROR);
        }
    }

    @ParameterizedTest
    @EnumSource
    void the_largest_settings_that_are_allowed_cost_nothing_and_change_nothing(Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            abused.wire.send(Frames.settings(
                    abused.wire.allocator,
                    Frames.SETTINGS_HEADER_TABLE_SIZE,
                    -1,
                    Frames.SETTINGS_MAX_CONCURRENT_STREAMS,
                    -1,
                    Frames.SETTINGS_INITIAL_WINDOW_SIZE,
                    Integer.MAX_VALUE,
                    Frames.SETTINGS_MAX_FRAME_SIZE,
                    0xffffff,
                    Frames.SETTINGS_MAX_HEADER_LIST_SIZE,
                    0,
                    0xeeee,
                    -1));
            assertThat(abused.wire.sent()).containsExactly("SETTINGS ACK");
            assertThat(abused.held()).isZero();
            abused.echoes();
            // Frames stay as short as we like them, so that streams take turns.
            abused.wire.send(Frames.windowUpdate(abused.wire.allocator, 0, 1 << 20));
            abused.app.send(600_000, 600_000, false);
            assertThat(abused.wire.sent()).filteredOn(l -> l.startsWith("DATA")).hasSize(3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_window_that_is_stalled_for_ever_costs_its_queue_and_no_turns_of_the_loop(Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role);
                AbusedTunnel bystander = new AbusedTunnel(role)) {
            Recorder neighbour = new Recorder();
            abused.connect(3, neighbour);
            abused.wire.send(Frames.windowUpdate(abused.wire.allocator, 0, 1 << 30));
            abused.wire.sent();
            abused.app.send(1L << 30, 64 << 10, true);
            int highWatermark = HboneSettings.DEFAULT.flow().highWatermark();
            for (int seconds = 0; seconds < 600; seconds += 10) {
                abused.wire.pass(Duration.ofSeconds(10));
                for (String line : abused.wire.sent()) {
                    if (line.startsWith("PING")) {
                        abused.wire.send(Frames.ping(abused.wire.allocator, true, Long.parseLong(line.substring(5))));
                    }
                }
                assertThat(abused.app.stream().queuedBytes()).isLessThanOrEqualTo(highWatermark + (64 << 10));
                assertThat(abused.wire.channel().hasPendingTasks()).isFalse();
            }
            assertThat(abused.app.sent()).isLessThan(highWatermark + (192 << 10));
            assertThat(abused.app.stream().isWritable()).isFalse();
            neighbour.send(1_000, 1_000, false);
            assertThat(abused.wire.sent()).anyMatch(l -> l.startsWith("DATA 3 1000 "));
            bystander.echoes();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_connections_window_that_is_stalled_for_ever_still_lets_streams_end(Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            Recorder other = new Recorder();
            abused.connect(3, other);
            abused.wire.send(setting(abused.wire, Frames.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30));
            abused.wire.sent();
            abused.app.send(1L << 30, 64 << 10, true);
            assertThat(abused.wire.sent())
                    .filteredOn(l -> l.startsWith("DATA 1"))
                    .isNotEmpty();
            other.send(10, 10, true);
            assertThat(abused.wire.sent()).as("the window is used up").isEmpty();
            other.stream().reset(H2Error.CONNECT_ERROR);
            abused.app.stream().reset(H2Error.CONNECT_ERROR);
            assertThat(abused.wire.sent()).containsExactly("RST 3 CONNECT_ERROR", "RST 1 CONNECT_ERROR");
            assertThat(abused.held()).isZero();
            assertThat(abused.wire.channel().hasPendingTasks()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void windows_given_byte_by_byte_are_answered_within_the_allowance_for_window_updates(Role role) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            abused.wire.send(setting(abused.wire, Frames.SETTINGS_INITIAL_WINDOW_SIZE, 0));
            abused.wire.sent();
            abused.app.send(1 << 20, 1 << 20, false);
            long frames = 0;
            for (int i = 0; i < 60_000 && abused.isOpen(); i += 50) {
                abused.repeat(Frames.windowUpdate(abused.wire.allocator, 1, 1), 50);
                frames += abused.wire.sent().stream()
                        .filter(l -> l.startsWith("DATA"))
                        .count();
            }
            assertThat(abused.isOpen()).isFalse();
            assertThat(frames).isLessThanOrEqualTo(50_000);
            assertThat(abused.app.reset.join().code()).isEqualTo(H2Error.ENHANCE_YOUR_CALM);
        }
    }

    @Test
    void a_server_s_interim_responses_without_end_are_cut_off() {
        try (AbusedTunnel abused = new AbusedTunnel(Role.CLIENT)) {
            abused.open(new Recorder());
            for (int i = 0; i < 5_000 && abused.isOpen(); i++) {
                abused.wire.send(abused.wire.headers(3, false, ":status", "103"));
            }
            abused.isClosedWith(H2Error.ENHANCE_YOUR_CALM);
        }
    }

    @Test
    void a_server_s_headers_on_closed_streams_are_cut_off() {
        try (AbusedTunnel abused = new AbusedTunnel(Role.CLIENT)) {
            abused.wire.send(Frames.rstStream(abused.wire.allocator, 1, H2Error.CANCEL));
            abused.repeat(abused.wire.frame(Frames.HEADERS, Frames.END_HEADERS, 1, "88"), 20_000);
            abused.isClosedWith(H2Error.ENHANCE_YOUR_CALM);
        }
    }

    @Test
    void a_client_s_streams_that_begin_and_end_for_nothing_are_cut_off() {
        try (AbusedTunnel abused = new AbusedTunnel(Role.SERVER)) {
            long most = 0;
            for (int stream = 3; stream < 40_000 && abused.isOpen(); stream += 2) {
                abused.wire.send(
                        abused.wire.connect(stream), Frames.rstStream(abused.wire.allocator, stream, H2Error.CANCEL));
                abused.wire.sent();
                most = Math.max(most, abused.wire.stats.streamsOpen());
            }
            assertThat(abused.isOpen()).isFalse();
            assertThat(abused.wire.stats.floods()).isEqualTo(1);
            assertThat(abused.wire.stats.streamsOpened()).isLessThan(5_000);
            assertThat(most).isLessThanOrEqualTo(2);
        }
    }

    /** RFC 9113, section 6.5.2: a server may not offer what only a client may allow. */
    @Test
    void a_server_that_enables_push_ends_the_connection() {
        try (AbusedTunnel abused = new AbusedTunnel(Role.CLIENT)) {
            abused.wire.send(setting(abused.wire, Frames.SETTINGS_ENABLE_PUSH, 1));
            abused.isClosedWith(H2Error.PROTOCOL_ERROR);
        }
    }
}

package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.AbusedTunnel.Role;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A peer that talks and never reads: what we have to answer queues up here. It acknowledges PINGs that it did not read,
 * whose payloads anyone can guess, and keeps each kind of frame below its allowance.
 */
class StuckPeerTest {
    private static final int MINUTES = 2;
    // Small frames lie in buffers that are larger than they.
    private static final long BOUND = 2 * SendScheduler.MAX_PENDING;

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void what_a_peer_that_reads_nothing_makes_us_say_is_bounded(String name, Role role, int perSecond, Talk talk) {
        try (AbusedTunnel abused = new AbusedTunnel(role)) {
            abused.wire.stuck = true;
            long most = 0;
            int at = 3;
            for (int second = 1; second <= MINUTES * 60 && abused.isOpen(); second++) {
                for (int i = 0; i < perSecond && abused.isOpen(); i++) {
                    abused.wire.send(talk.frames(abused.wire, at).toArray(new ByteBuf[0]));
                    at += 2;
                }
                most = Math.max(most, abused.held());
                abused.wire.pass(Duration.ofSeconds(1));
                if (abused.isOpen()) {
                    abused.wire.send(Frames.ping(abused.wire.allocator, true, second / 10));
                }
            }
            assertThat(most).as("bytes held for a peer that reads nothing").isLessThan(BOUND);
            abused.wire.stuck = false;
        }
    }

    /** Some frames that ask for an answer. */
    interface Talk {
        List<ByteBuf> frames(Wire wire, int stream);
    }

    static Stream<Arguments> what_a_peer_that_reads_nothing_makes_us_say_is_bounded() {
        Talk pings = (w, i) -> List.of(Frames.ping(w.allocator, false, i));
        Talk settings = (w, i) -> List.of(Frames.settings(w.allocator));
        List<Arguments> all = new ArrayList<>();
        for (Role role : Role.values()) {
            all.add(Arguments.of("PING, " + role, role, 9, pings));
            all.add(Arguments.of("SETTINGS, " + role, role, 1, settings));
        }
        Talk connects = (w, i) -> List.of(w.connect(i), Frames.rstStream(w.allocator, i, H2Error.CANCEL));
        Talk refused = (w, i) -> List.of(w.headers(i, true, ":method", "CONNECT", ":authority", "nonsense"));
        Talk provoked = (w, i) -> List.of(w.connect(i), Frames.windowUpdate(w.allocator, i, 0));
        all.add(Arguments.of("streams that are reset", Role.SERVER, 90, connects));
        all.add(Arguments.of("requests that are refused", Role.SERVER, 190, refused));
        all.add(Arguments.of("streams that we must reset", Role.SERVER, 19, provoked));
        return all.stream();
    }
}

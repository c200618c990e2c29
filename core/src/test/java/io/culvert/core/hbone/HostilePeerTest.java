package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.AbusedTunnel.Role;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Hostile peers over real TLS at full speed, beside a tunnel on the same loop that goes on answering meanwhile. */
@Timeout(60)
class HostilePeerTest {
    /** Reads, TLS records and answers on their way, of the abused tunnel and of the one beside it. */
    private static final long BOUND = 4 << 20;

    private static byte[] bytes(ByteBuf... frames) {
        ByteBuf all = io.netty.buffer.Unpooled.buffer();
        for (ByteBuf frame : frames) {
            all.writeBytes(frame);
            frame.release();
        }
        return ByteBufUtil.getBytes(all);
    }

    private static byte[] times(int n, byte[] frame) {
        byte[] all = new byte[n * frame.length];
        for (int i = 0; i < n; i++) {
            System.arraycopy(frame, 0, all, i * frame.length, frame.length);
        }
        return all;
    }

    /** Without WINDOW_UPDATE: how many of them are a flood, a machine that is busy with tests may not reach in time. */
    static Stream<Arguments> floods() {
        UnpooledByteBufAllocator a = UnpooledByteBufAllocator.DEFAULT;
        byte[] none = {};
        byte[] close = bytes(Frames.rstStream(a, 1, H2Error.CANCEL));
        byte[] openBlock = bytes(Frames.head(a.buffer(), 0, Frames.HEADERS, 0, 3));
        List<Arguments> kinds = List.of(
                Arguments.of("PING", none, bytes(Frames.ping(a, false, 1))),
                Arguments.of("SETTINGS", none, bytes(Frames.settings(a))),
                Arguments.of("RST_STREAM", close, close),
                Arguments.of("DATA of length 0", none, bytes(Frames.head(a.buffer(), 0, Frames.DATA, 0, 1))),
                Arguments.of(
                        "DATA on a closed stream",
                        close,
                        bytes(Frames.head(a.buffer(), 1, Frames.DATA, 0, 1).writeByte(0))),
                Arguments.of("CONTINUATION", openBlock, bytes(Frames.head(a.buffer(), 0, Frames.CONTINUATION, 0, 3))));
        return Stream.of(Role.values())
                .flatMap(role -> kinds.stream()
                        .map(kind ->
                                Arguments.of(kind.get()[0], role, kind.get()[1], times(500, (byte[]) kind.get()[2]))));
    }

    @ParameterizedTest(name = "{0}, our end is the {1}")
    @MethodSource("floods")
    void a_flood_is_hung_up_on_while_the_tunnel_beside_it_answers(String kind, Role role, byte[] before, byte[] noise)
            throws Exception {
        try (Loopback net = new Loopback()) {
            HboneServer good = net.newServer(Echo.server(), HboneSettings.DEFAULT);
            PoolKey key = net.listen(good);
            Beside beside = new Beside(net, key);
            beside.answers();
            HostilePeer peer;
            if (role == Role.SERVER) {
                peer = HostilePeer.client(net, key.destination(), before, noise);
            } else {
                peer = HostilePeer.server(net, before, noise);
                net.openLater(net.key(net.bind(peer)), new Recorder(), WindowBudget.unlimited());
            }
            peer.connected.get(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
            beside.answersUntil(peer.hungUpOn::isDone);
            beside.answers();
            assertThat((role == Role.SERVER ? good.stats() : net.pool.stats()).floods())
                    .isEqualTo(1);
            assertThat((role == Role.SERVER ? net.pool.stats() : good.stats()).floods())
                    .isZero();
            assertThat(beside.most).as("bytes in buffers").isLessThan(BOUND);
        }
    }

    @ParameterizedTest(name = "our end is the {0}")
    @EnumSource
    void a_window_that_never_opens_costs_one_queue_while_the_tunnel_beside_it_answers(Role role) throws Exception {
        BlockingQueue<Recorder> apps = new LinkedBlockingQueue<>();
        try (Loopback net = new Loopback()) {
            PoolKey key = net.listen(Echo.server());
            Beside beside = new Beside(net, key);
            byte[] none = {};
            HostilePeer peer;
            Recorder victim;
            if (role == Role.SERVER) {
                PoolKey abused = net.listen(connect -> {
                    Recorder app = new Recorder();
                    app.attach(connect.accept(app, List.of()));
                    apps.add(app);
                });
                peer = HostilePeer.client(net, abused.destination(), none, none);
                victim = java.util.Objects.requireNonNull(apps.poll(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS));
            } else {
                peer = HostilePeer.server(net, none, none);
                victim = new Recorder();
                net.opened(net.key(net.bind(peer)), victim);
            }
            peer.connected.get(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
            victim.stream().eventLoop().execute(() -> victim.send(1L << 30, 64 << 10, true));
            int[] rounds = {0};
            beside.answersUntil(() -> ++rounds[0] > 200);
            assertThat(victim.stream().isWritable()).isFalse();
            assertThat(victim.stream().queuedBytes()).isLessThan(512 << 10);
            assertThat(beside.most).as("bytes in buffers").isLessThan(BOUND);
        }
    }

    /** A stream on a tunnel of its own that is echoed, again and again. */
    private static final class Beside {
        private static final int MESSAGE = 1024;

        private final Loopback net;
        private final Semaphore echoed = new Semaphore(0);
        private final Recorder app;
        volatile long most;

        Beside(Loopback net, PoolKey key) throws Exception {
            this.net = net;
            app = new Recorder() {
                @Override
                public void onData(ByteBuf data) {
                    int n = data.readableBytes();
                    super.onData(data);
                    most = Math.max(most, net.allocator.metric().usedDirectMemory());
                    echoed.release(n);
                }
            };
            net.opened(key, app);
        }

        void answers() throws Exception {
            net.loop.execute(() -> app.send(MESSAGE, MESSAGE, false));
            assertThat(echoed.tryAcquire(MESSAGE, Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS))
                    .as("the tunnel beside answers")
                    .isTrue();
            assertThat(app.wrong).isNotDone();
        }

        void answersUntil(BooleanSupplier end) throws Exception {
            while (!end.getAsBoolean()) {
                answers();
            }
        }
    }
}

package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an idle stream costs in memory, as a budget that must be neither broken nor forgotten. */
class StreamFootprintTest {
    private static final int STREAMS = 3_000;
    private static final int BUDGET_BYTES = 512;

    /** The least that a user of a stream can be. */
    private static final class Idle implements HboneStreamHandler {
        @Override
        public void onData(ByteBuf data) {
            data.release();
        }

        @Override
        public void onFinished() {}

        @Override
        public void onReset(ResetReason reason) {}

        @Override
        public void onWritable() {}
    }

    @Test
    void an_idle_stream_that_has_carried_bytes_both_ways_fits_its_budget() {
        HboneSettings.Limits d = HboneSettings.Limits.DEFAULT;
        HboneSettings settings = HboneSettings.DEFAULT.with(new HboneSettings.Limits(
                d.streamsPerTunnel(), STREAMS, d.serverHeaderBytes(), d.clientHeaderBytes(), 1, 1));
        List<HboneStream> streams = new ArrayList<>(STREAMS);
        try (Wire wire = new Wire()) {
            wire.start(
                    new ServerTunnel(
                            wire.context(settings),
                            Wire.handshake(),
                            Wire.LOCAL,
                            connect -> streams.add(connect.accept(new Idle(), List.of())),
                            WindowBudget::unlimited),
                    false);
            wire.send(Frames.preface(), Frames.settings(wire.allocator), Frames.settingsAck(wire.allocator));
            use(wire, streams, 0);
            long before = used();
            use(wire, streams, STREAMS / 2);
            long each = (used() - before) / (STREAMS / 2);
            System.err.println("bytes per idle stream: " + each);
            assertThat(streams).hasSize(STREAMS);
            assertThat(each).as("bytes per idle stream").isBetween(100L, (long) BUDGET_BYTES);
        }
    }

    private static void use(Wire wire, List<HboneStream> streams, int from) {
        for (int i = from; i < from + STREAMS / 2; i++) {
            int id = 1 + 2 * i;
            wire.send(wire.connect(id), wire.data(id, 1, false));
            streams.get(i).consumed(1);
            streams.get(i).write(wire.allocator.directBuffer(1).writeByte(1));
            wire.send(Frames.windowUpdate(wire.allocator, 0, 1));
            wire.sent();
        }
    }

    private static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }
}

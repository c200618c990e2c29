package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the loops of both sides allocate on the heap for each TLS record of a bulk transfer, by the threads' counters. */
@Timeout(120)
class RecordAllocationTest {
    private static final int BUDGET_BYTES = 256;
    private static final int RECORD = 16 << 10;
    private static final int CHUNK = 256 << 10;
    private static final long ROUND = 512L << 20;
    // The compiler needs the first ones: what it inlines it need not allocate.
    private static final int ROUNDS = 4;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final BlockingQueue<Long> arrived = new LinkedBlockingQueue<>();
    private volatile long serverThread;

    private final class Source implements HboneStreamHandler {
        private @Nullable HboneStream stream;
        private long left;

        void send(HboneStream to, long bytes) {
            stream = to;
            left = bytes;
            onWritable();
        }

        @Override
        public void onWritable() {
            HboneStream to = stream;
            while (to != null && left > 0 && to.isWritable()) {
                left -= CHUNK;
                to.write(LoopBuffers.INSTANCE.directBuffer(CHUNK, CHUNK).writerIndex(CHUNK));
            }
        }

        @Override
        public void onData(ByteBuf data) {
            data.release();
        }

        @Override
        public void onFinished() {}

        @Override
        public void onReset(ResetReason reason) {
            arrived.add(-1L);
        }
    }

    private final class Sink implements HboneStreamHandler {
        private @Nullable HboneStream stream;
        private long received;

        @Override
        public void onData(ByteBuf data) {
            int n = data.readableBytes();
            data.release();
            HboneStream from = stream;
            if (from != null) {
                from.consumed(n);
            }
            received += n;
            if (received % ROUND == 0) {
                serverThread = Thread.currentThread().threadId();
                arrived.add(received);
            }
        }

        @Override
        public void onFinished() {}

        @Override
        public void onReset(ResetReason reason) {}

        @Override
        public void onWritable() {}
    }

    @Test
    void a_record_of_bulk_costs_each_side_less_than_its_budget() throws Exception {
        // As in the agent: the stack traces of leak detection are what tests pay.
        ResourceLeakDetector.Level usual = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        try (Loopback net = new Loopback()) {
            PoolKey key = net.key(net.bind(net.newServer(
                            connect -> {
                                Sink sink = new Sink();
                                sink.stream = connect.accept(sink, List.of());
                            },
                            HboneSettings.DEFAULT)
                    .initializer()));
            Source source = new Source();
            HboneStream stream = open(net, key, source);
            long clientThread = net.onLoop(() -> Thread.currentThread().threadId());
            long sender = 0;
            long receiver = 0;
            for (int round = 1; round <= ROUNDS; round++) {
                sender = threads.getThreadAllocatedBytes(clientThread);
                receiver = serverThread == 0 ? 0 : threads.getThreadAllocatedBytes(serverThread);
                net.onLoop(() -> {
                    source.send(stream, ROUND);
                    return null;
                });
                assertThat(arrived.poll(60, TimeUnit.SECONDS)).isEqualTo(round * ROUND);
                long records = ROUND / RECORD;
                sender = (threads.getThreadAllocatedBytes(clientThread) - sender) / records;
                receiver = (threads.getThreadAllocatedBytes(serverThread) - receiver) / records;
                System.err.println("bytes allocated per TLS record: sender " + sender + ", receiver " + receiver);
            }
            assertThat(sender).as("sender").isLessThanOrEqualTo(BUDGET_BYTES);
            assertThat(receiver).as("receiver").isLessThanOrEqualTo(BUDGET_BYTES);
        } finally {
            ResourceLeakDetector.setLevel(usual);
        }
    }

    private static HboneStream open(Loopback net, PoolKey key, HboneStreamHandler handler) throws Exception {
        BlockingQueue<OpenResult> results = new LinkedBlockingQueue<>();
        net.onLoop(() -> net.pool.open(
                key, new ConnectRequest("10.0.0.1:80", List.of()), WindowBudget.unlimited(), handler, results::add));
        OpenResult result = results.poll(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
        assertThat(result).isInstanceOf(OpenResult.Opened.class);
        return ((OpenResult.Opened) result).stream();
    }
}

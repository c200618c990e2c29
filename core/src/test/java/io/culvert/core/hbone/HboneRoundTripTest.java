package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whole tunnels over loopback: real sockets, real TLS, our client and our server. */
@Timeout(60)
class HboneRoundTripTest {
    @Test
    void a_stream_carries_bytes_both_ways_and_ends_in_order() throws Exception {
        try (Loopback net = new Loopback()) {
            PoolKey key = net.listen(Echo.server());
            Recorder app = new Recorder();
            HboneStream stream = net.opened(key, app);
            assertThat(stream.tunnel().peer()).isEqualTo(net.serverId);
            assertThat(stream.tunnel().local()).isEqualTo(net.clientId);
            net.onLoop(() -> {
                app.send(1000, 100, true);
                return null;
            });
            assertThat(app.awaitFinished()).isEqualTo(1000);
            app.awaitClosed();
            assertThat(net.pool.stats().tunnelsUp()).isEqualTo(1);
        }
    }

    @Test
    void random_sizes_survive_on_many_streams_at_once() throws Exception {
        long seed = System.nanoTime();
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        try (Loopback net = new Loopback()) {
            PoolKey key = net.listen(Echo.server());
            List<Recorder> apps = new ArrayList<>();
            List<Long> sizes = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                Recorder app = new Recorder();
                net.opened(key, app);
                apps.add(app);
                long size = (long) Math.pow(10, random.nextDouble() * 6.2);
                sizes.add(size);
                int piece = 1 + random.nextInt(size < 10_000 ? 100 : 200_000);
                net.loop.execute(() -> app.send(size, piece, true));
            }
            for (int i = 0; i < apps.size(); i++) {
                assertThat(apps.get(i).awaitFinished()).as("stream " + i).isEqualTo(sizes.get(i));
                apps.get(i).awaitClosed();
            }
            assertThat(net.pool.stats().streamsOpen()).isZero();
        }
    }
}

package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.ProcessMetrics;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Steps of handshakes on a real loop: two in a turn, the rest in the turns after it, in their order. */
@Timeout(60)
class HandshakeTurnsTest {
    private static final int STEPS = 7;

    private int turn;
    private int done;
    private final List<Integer> order = new ArrayList<>();
    private final List<Integer> turns = new ArrayList<>();
    private final CompletableFuture<Void> all = new CompletableFuture<>();

    @Test
    void a_turn_takes_two_steps_and_the_next_ones_take_the_rest_in_order() throws Exception {
        try (MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory())) {
            EventLoop loop = group.next();
            loop.execute(() -> begin(loop));
            all.get(20, TimeUnit.SECONDS);
            assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6);
            assertThat(turns).containsExactly(0, 0, 1, 1, 2, 2, 3);
            assertThat(loop.submit(() -> HandshakeTurns.of(loop).take(() -> {})).get(20, TimeUnit.SECONDS))
                    .as("after the storm")
                    .isTrue();
        }
    }

    @Test
    void who_waits_for_a_turn_is_counted_by_a_gauge() throws Exception {
        MetricsRegistry registry = new MetricsRegistry();
        ProcessMetrics.register(registry);
        double before = pending(registry);
        try (MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory())) {
            EventLoop loop = group.next();
            double during = loop.submit(() -> {
                        begin(loop);
                        return pending(registry);
                    })
                    .get(20, TimeUnit.SECONDS);
            all.get(20, TimeUnit.SECONDS);
            assertThat(during - before).isEqualTo(STEPS - HandshakeTurns.STEPS);
            assertThat(pending(registry)).isEqualTo(before);
        }
    }

    private static double pending(MetricsRegistry registry) {
        return registry.collect().stream()
                .filter(family -> family.getMetadata().getName().equals("culvert_tls_handshakes_pending"))
                .map(GaugeSnapshot.class::cast)
                .findFirst()
                .orElseThrow()
                .getDataPoints()
                .getFirst()
                .getValue();
    }

    private void begin(EventLoop loop) {
        for (int i = 0; i < STEPS; i++) {
            int number = i;
            if (HandshakeTurns.of(loop).take(() -> step(loop, number))) {
                step(loop, number);
            }
        }
    }

    private void step(EventLoop loop, int number) {
        order.add(number);
        turns.add(turn);
        if (++done % HandshakeTurns.STEPS == 0) {
            ((SingleThreadEventLoop) loop).executeAfterEventLoopIteration(() -> turn++);
        }
        if (done == STEPS) {
            all.complete(null);
        }
    }
}

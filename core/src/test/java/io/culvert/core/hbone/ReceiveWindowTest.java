package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Windows, and what they cost their budget. */
class ReceiveWindowTest {
    private static final HboneSettings.Flow FLOW = HboneSettings.Flow.DEFAULT;

    private long now;
    private final HboneStats stats = new HboneStats();
    private final Budget budget = new Budget();

    private static final class Budget implements WindowBudget {
        int limit = Integer.MAX_VALUE;
        int used;

        @Override
        public int reserve(int wanted) {
            int n = Math.min(wanted, limit - used);
            used += n;
            return n;
        }

        @Override
        public void release(int bytes) {
            used -= bytes;
            assertThat(used).isNotNegative();
        }
    }

    private ReceiveWindow open() {
        return Objects.requireNonNull(ReceiveWindow.open(budget, stats, FLOW, FLOW.initialWindow()));
    }

    private int consume(ReceiveWindow window, int bytes) {
        return window.consumed(bytes, 100_000, () -> now);
    }

    /** One whole window there and back. */
    private void turn(ReceiveWindow window, long nanos) {
        int left = window.size();
        int granted = 0;
        while (left > 0) {
            int n = Math.min(left, 16_384);
            assertThat(window.received(n)).isTrue();
            now += nanos * n / window.size();
            granted += consume(window, n);
            left -= n;
        }
        assertThat(granted).isNotNegative();
    }

    @Test
    void credit_comes_back_in_halves_and_never_more_than_was_received() {
        ReceiveWindow window = open();
        assertThat(window.received(40_000)).isTrue();
        assertThat(consume(window, 30_000)).isZero();
        assertThat(consume(window, 10_000)).isEqualTo(40_000);
        assertThat(consume(window, 10_000)).as("not received").isZero();
        assertThat(window.received(FLOW.initialWindow())).isTrue();
        assertThat(window.received(1)).as("no credit").isFalse();
    }

    @Test
    void a_quick_reader_gets_up_to_four_mebibytes_and_a_slow_one_gives_back() {
        ReceiveWindow window = open();
        for (int i = 0; i < 40; i++) {
            turn(window, 1_000_000);
        }
        assertThat(window.size()).isEqualTo(FLOW.maxWindow()).isEqualTo(budget.used);
        for (int i = 0; i < 40; i++) {
            turn(window, 3_000_000_000L);
        }
        assertThat(window.size()).isLessThan(FLOW.maxWindow() / 8).isGreaterThanOrEqualTo(FLOW.initialWindow());
        window.close();
        assertThat(budget.used).isZero();
    }

    @Test
    void a_reader_that_is_neither_quick_nor_slow_keeps_its_window() {
        ReceiveWindow window = open();
        for (int i = 0; i < 10; i++) {
            turn(window, 100_000_000);
        }
        assertThat(window.size()).isEqualTo(FLOW.initialWindow());
        window.close();
    }

    @Test
    void a_budget_that_is_used_up_stops_growth_and_refuses_new_windows() {
        budget.limit = 200_000;
        ReceiveWindow window = open();
        for (int i = 0; i < 10; i++) {
            turn(window, 1_000_000);
        }
        assertThat(window.size()).isEqualTo(200_000);
        assertThat(ReceiveWindow.open(budget, stats, FLOW, 1024)).isNull();
        assertThat(budget.used).isEqualTo(200_000);
        assertThat(stats.windowRefusals()).isPositive();
        window.close();
        assertThat(stats.windowBytes()).isZero();
    }

    @Test
    void after_the_end_only_what_is_not_consumed_stays_charged() {
        ReceiveWindow window = open();
        window.received(1000);
        window.end();
        assertThat(budget.used).isEqualTo(1000);
        assertThat(consume(window, 400)).isZero();
        assertThat(budget.used).isEqualTo(600);
        consume(window, 10_000);
        window.close();
        window.close();
        assertThat(budget.used).isZero();
    }

    @Test
    void whatever_happens_the_charge_is_the_window() {
        long seed = System.nanoTime();
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        ReceiveWindow window = open();
        long available = window.size();
        for (int i = 0; i < 20_000; i++) {
            now += random.nextInt(3_000_000);
            if (random.nextBoolean()) {
                int n = random.nextInt(30_000);
                boolean fits = n <= available;
                assertThat(window.received(n)).isEqualTo(fits);
                available -= fits ? n : 0;
            } else {
                available += consume(window, random.nextInt(40_000));
            }
            assertThat(budget.used).isEqualTo(window.size());
            assertThat(available).isLessThanOrEqualTo(window.size());
        }
        window.close();
        assertThat(budget.used).isZero();
    }
}

package io.culvert.core.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ByteBudgetTest {
    @Test
    void grantsWhatEveryLevelHas() {
        ByteBudget agent = ByteBudget.root(1000);
        ByteBudget pod = agent.child(600);
        ByteBudget connection = pod.child(500);
        assertThat(connection.reserve(400)).isEqualTo(400);
        assertThat(connection.reserve(400)).as("limited by the connection").isEqualTo(100);
        assertThat(pod.child(500).reserve(400)).as("limited by the pod").isEqualTo(100);
        assertThat(agent.child(900).reserve(900)).as("limited by the agent").isEqualTo(400);
        assertThat(agent.used()).isEqualTo(1000);
        assertThat(connection.reserve(1)).isZero();
        assertThat(agent.refusals()).isPositive();
    }

    @Test
    void aPartialGrantAboveLeavesNothingChargedBelow() {
        ByteBudget agent = ByteBudget.root(100);
        ByteBudget pod = agent.child(1000);
        ByteBudget connection = pod.child(1000);
        assertThat(connection.reserve(300)).isEqualTo(100);
        assertThat(List.of(connection.used(), pod.used(), agent.used())).containsOnly(100L);
        connection.release(100);
        assertThat(List.of(connection.used(), pod.used(), agent.used())).containsOnly(0L);
    }

    @Test
    void chargesWhatIsHereAlreadyBeyondTheLimitAndCountsIt() {
        ByteBudget agent = ByteBudget.root(100);
        ByteBudget connection = agent.child(1000);
        connection.charge(250);
        assertThat(agent.used()).isEqualTo(250);
        assertThat(agent.overruns()).isEqualTo(1);
        assertThat(connection.exhausted()).isTrue();
        assertThat(connection.available()).isZero();
        connection.release(250);
        assertThat(connection.exhausted()).isFalse();
        assertThat(connection.available()).isEqualTo(100);
    }

    @Test
    void staysWithinTheLimitWhenManyThreadsReserve() throws Exception {
        ByteBudget agent = ByteBudget.root(10_000);
        AtomicLong most = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            ByteBudget own = agent.child(5_000);
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 20_000; i++) {
                    int granted = own.reserve(3_000);
                    most.accumulateAndGet(agent.used(), Math::max);
                    own.release(granted);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(agent.used()).isZero();
        assertThat(most.get()).isBetween(1L, 10_000L);
    }

    @Test
    void refusesALimitOfNothing() {
        assertThatThrownBy(() -> ByteBudget.root(0)).hasMessageContaining("0 bytes");
    }
}

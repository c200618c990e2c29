package io.culvert.core.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RelayTimersTest {
    private final DefaultEventExecutorGroup group = new DefaultEventExecutorGroup(1);
    private final EventExecutor loop = group.next();
    private final long start = System.nanoTime();
    private final RelayTimers timers =
            new RelayTimers(group, 5, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
    private final RelayTimers.Wheel wheel = timers.of(loop);
    private final BlockingQueue<String> fired = new LinkedBlockingQueue<>();

    private class Probe extends RelayTimers.Timed {
        private final String name;

        Probe(String name) {
            this.name = name;
        }

        @Override
        protected void onTimer(long now) {
            fired.add(name);
        }
    }

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private void onLoop(Runnable task) throws Exception {
        loop.submit(task).get(5, TimeUnit.SECONDS);
    }

    @Test
    void firesInOrderOfTheirTimeAndOnlyWhatIsSet() throws Exception {
        Probe cancelled = new Probe("cancelled");
        Probe moved = new Probe("moved");
        onLoop(() -> {
            wheel.set(new Probe("second"), 60);
            wheel.set(new Probe("first"), 20);
            wheel.set(cancelled, 30);
            wheel.set(moved, 10);
            wheel.set(moved, 100);
            wheel.cancel(cancelled);
            wheel.cancel(cancelled);
        });
        assertThat(fired.poll(5, TimeUnit.SECONDS)).isEqualTo("first");
        assertThat(fired.poll(5, TimeUnit.SECONDS)).isEqualTo("second");
        assertThat(fired.poll(5, TimeUnit.SECONDS)).isEqualTo("moved");
        assertThat(fired).isEmpty();
    }

    @Test
    void aTimeOfMoreThanOneRoundIsNotUpAfterOne() throws Exception {
        long begin = System.nanoTime();
        // 512 slots of 5 ms are a round of 2.56 s.
        onLoop(() -> wheel.set(new Probe("late"), 2700));
        assertThat(fired.poll(10, TimeUnit.SECONDS)).isEqualTo("late");
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isGreaterThanOrEqualTo(2700);
    }

    @Test
    void manyInOneSlotMayCancelEachOther() throws Exception {
        Probe[] probes = new Probe[20];
        for (int i = 0; i < probes.length; i++) {
            int next = i;
            probes[i] = new Probe("p" + i) {
                @Override
                protected void onTimer(long now) {
                    super.onTimer(now);
                    wheel.cancel(probes[(next + 1) % probes.length]);
                    wheel.cancel(probes[(next + probes.length - 1) % probes.length]);
                }
            };
        }
        onLoop(() -> {
            for (Probe probe : probes) {
                wheel.set(probe, 20);
            }
            wheel.set(new Probe("end"), 60);
        });
        String last;
        int count = 0;
        do {
            last = fired.poll(5, TimeUnit.SECONDS);
            count++;
        } while (last != null && !last.equals("end"));
        assertThat(count - 1).isBetween(7, 10);
    }

    @Test
    void isSetAgainFromInside() throws Exception {
        int[] left = {3};
        Probe again = new Probe("tick") {
            @Override
            protected void onTimer(long now) {
                super.onTimer(now);
                if (--left[0] > 0) {
                    wheel.set(this, 10);
                }
            }
        };
        onLoop(() -> wheel.set(again, 10));
        for (int i = 0; i < 3; i++) {
            assertThat(fired.poll(5, TimeUnit.SECONDS)).isEqualTo("tick");
        }
        assertThat(fired.poll(60, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void knowsOnlyTheLoopsOfItsGroup() {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        try {
            assertThatThrownBy(() -> timers.of(other.next())).hasMessageContaining("not of the group");
        } finally {
            other.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}

package io.culvert.core.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private final List<String> events = new ArrayList<>();
    private final AtomicLong clock = new AtomicLong();

    @Test
    void partsStartInOrderAndStopInReverse() throws Exception {
        Lifecycle lifecycle = new Lifecycle(List.of(part("a"), part("b")), clock::get);
        lifecycle.start();
        assertThat(lifecycle.state()).isEqualTo(Lifecycle.State.RUNNING);
        lifecycle.stop(Duration.ofSeconds(1));
        assertThat(events).containsExactly("start a", "start b", "drain b PT1S", "drain a PT1S", "close b", "close a");
        assertThat(lifecycle.state()).isEqualTo(Lifecycle.State.CLOSED);
        lifecycle.close();
        assertThat(events).hasSize(6);
    }

    @Test
    void aFailedStartClosesWhatWasStarted() {
        Component broken = new Component() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public void start() throws IOException {
                throw new IOException("port taken");
            }

            @Override
            public void close() {
                events.add("close broken");
            }
        };
        Lifecycle lifecycle = new Lifecycle(List.of(part("a"), broken, part("c")), clock::get);
        assertThatThrownBy(lifecycle::start).isInstanceOf(IOException.class).hasMessage("port taken");
        assertThat(events).containsExactly("start a", "close a");
    }

    @Test
    void theDeadlineIsShared() throws Exception {
        Component slow = new Component() {
            @Override
            public String name() {
                return "slow";
            }

            @Override
            public void start() {}

            @Override
            public void drain(Duration deadline) {
                clock.addAndGet(Duration.ofMillis(800).toNanos());
            }

            @Override
            public void close() {
                throw new IllegalStateException("must not keep the others from closing");
            }
        };
        Lifecycle lifecycle = new Lifecycle(List.of(part("a"), slow), clock::get);
        lifecycle.start();
        lifecycle.stop(Duration.ofSeconds(1));
        assertThat(events).containsExactly("start a", "drain a PT0.2S", "close a");
    }

    @Test
    void readyWhenEveryGateIsPassed() {
        Readiness readiness = new Readiness();
        assertThat(readiness.isReady()).isTrue();
        Readiness.Gate state = readiness.gate("state");
        boolean[] pods = {false};
        readiness.gate("pods", () -> pods[0]);
        assertThat(readiness.pending()).containsExactly("state", "pods");
        state.pass();
        assertThat(readiness.pending()).containsExactly("pods");
        pods[0] = true;
        assertThat(readiness.isReady()).isTrue();
        state.block();
        assertThat(readiness.pending()).containsExactly("state");
        assertThatThrownBy(() -> readiness.gate("pods")).hasMessageContaining("pods");
    }

    private Component part(String name) {
        return new Component() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public void start() {
                events.add("start " + name);
            }

            @Override
            public void drain(Duration deadline) {
                events.add("drain " + name + " " + deadline);
            }

            @Override
            public void close() {
                events.add("close " + name);
            }
        };
    }
}

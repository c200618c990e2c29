package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class StepsTest {
    @Test
    void stepsAreDoneUntilStopped() throws Exception {
        CountDownLatch three = new CountDownLatch(3);
        try (Steps steps = new Steps(every(0.001, three::countDown))) {
            three.await();
            assertThat(steps.stop()).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void aStepThatFailsFailsTheRound() throws Exception {
        CountDownLatch tried = new CountDownLatch(1);
        try (Steps steps = new Steps(every(0.001, () -> {
            tried.countDown();
            throw new IOException("no room");
        }))) {
            tried.await();
            assertThatThrownBy(steps::stop).isInstanceOf(LabException.class).hasRootCauseMessage("no room");
        }
    }

    private interface Act {
        void now() throws IOException;
    }

    private static QuietAndNot.Disturbance every(double seconds, Act act) {
        return new QuietAndNot.Disturbance() {
            @Override
            public double every() {
                return seconds;
            }

            @Override
            public void step() throws IOException {
                act.now();
            }
        };
    }
}

package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class EarlyTest {
    @Test
    void theResultIsWaitedFor() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Early<String> early = Early.begin("test", () -> {
            asked.await();
            return "ready";
        });
        asked.countDown();
        assertThat(early.get()).isEqualTo("ready").isSameAs(early.get());
    }

    @Test
    void theFaultIsThatOfTheWork() {
        IOException fault = new IOException("no such tool: install it");
        Early<String> early = Early.begin("test", () -> {
            throw fault;
        });
        assertThatThrownBy(early::get).isSameAs(fault);
    }
}

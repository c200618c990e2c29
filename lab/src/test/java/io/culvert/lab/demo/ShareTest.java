package io.culvert.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShareTest {
    @Test
    void theToleranceIsFiveStandardDeviations() {
        assertThat(new Share(1_000, 10).bound()).isEqualTo("100 +- 47");
        assertThat(new Share(400, 50).bound()).isEqualTo("200 +- 50");
    }

    @Test
    void onlyCountsBeyondItFail() {
        Share canary = new Share(1_000, 10);
        assertThatCode(() -> canary.verify("at v2", 53)).doesNotThrowAnyException();
        assertThatCode(() -> canary.verify("at v2", 147)).doesNotThrowAnyException();
        assertThatThrownBy(() -> canary.verify("at v2", 52)).hasMessage("at v2: 52 of 1000, not 100 +- 47");
        assertThatThrownBy(() -> canary.verify("at v2", 148)).isInstanceOf(CheckFailure.class);
    }
}

package io.culvert.core.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@Timeout(20)
class LoggingTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Logging logging = new Logging(out, 64);

    @Test
    void slf4jIsBoundToIt() {
        assertThat(LoggerFactory.getILoggerFactory().getLogger("io.culvert.x")).isInstanceOf(AsyncLogger.class);
    }

    @Test
    void aLineHasTimeLevelNameThreadAndMessage() {
        logging.logger("io.culvert.agent.Main").info("pod {} is {}", "shop/web", "enabled");
        assertThat(written())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z INFO  agent\\.Main \\[[^]]+] pod shop/web is enabled\n");
    }

    @Test
    void aTraceFollowsItsLine() {
        logging.logger("x").warn("failed", new IllegalStateException("why"));
        assertThat(written()).contains("WARN  x [").contains("java.lang.IllegalStateException: why\n\tat ");
    }

    @Test
    void aMessageCannotForgeALine() {
        logging.logger("x").info("peer said {}", "a\n2026-01-01T00:00:00Z ERROR y [z] forged\u001b[2J");
        assertThat(written().lines().toList())
                .hasSize(2)
                .element(1)
                .asString()
                .startsWith("    ")
                .endsWith("forged?[2J");
    }

    @Test
    void levelsChangeWhileItRunsByTheLongestPrefix() {
        Logger hbone = logging.logger("io.culvert.core.hbone.Pool");
        Logger relay = logging.logger("io.culvert.core.relay.Join");
        assertThat(hbone.isDebugEnabled()).isFalse();
        logging.change("warn,io.culvert.core.hbone=debug");
        assertThat(hbone.isDebugEnabled()).isTrue();
        assertThat(hbone.isTraceEnabled()).isFalse();
        assertThat(relay.isInfoEnabled()).isFalse();
        assertThat(relay.isWarnEnabled()).isTrue();
        assertThat(logging.logger("io.culvert.core.hbone.Later").isDebugEnabled())
                .isTrue();
        logging.change("io.culvert.core.hbone:info");
        assertThat(hbone.isDebugEnabled()).isFalse();
    }

    @Test
    void aWrongLevelIsRefusedAndChangesNothing() {
        assertThatThrownBy(() -> logging.change("debug,io.culvert=loud"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"loud\" is not a log level")
                .hasMessageContaining("debug");
        assertThat(logging.logger("io.culvert.x").isDebugEnabled()).isFalse();
    }

    private String written() {
        assertThat(logging.flushed(Duration.ofSeconds(10))).isTrue();
        return out.toString(StandardCharsets.UTF_8);
    }
}
